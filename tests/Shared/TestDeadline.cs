using System.Collections.Concurrent;
using System.Reflection;
using Xunit.v3;

[assembly: RxSockets.Testing.TestDeadline]

namespace RxSockets.Testing;

/// <summary>
/// No test waits for ever. After <see cref="Patience"/> the test's cancellation token is cancelled, which ends what was given the token;
/// a test that is still running at <see cref="Limit"/> ends the process with its name, because a thread that waits cannot be stopped.
/// A test that rightly takes longer says so with an attribute of its own: <c>[TestDeadline(300)]</c> on the method or the class.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly | AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class TestDeadlineAttribute(int seconds = TestDeadlineAttribute.DefaultSeconds) : BeforeAfterTestAttribute
{
    public const int DefaultSeconds = 60;

    private static readonly ConcurrentDictionary<string, Watch> s_running = new();

    /// <summary>Three times as long under Wine, where every call makes a trip to Wine's server.</summary>
    public TimeSpan Patience { get; } = TimeSpan.FromSeconds(Wine.Scaled(seconds, underWine: 3 * seconds));

    public TimeSpan Limit => Patience + TimeSpan.FromSeconds(30);

    public override void Before(MethodInfo methodUnderTest, IXunitTest test)
    {
        // The assembly's attribute comes first, then the class's, then the method's: the nearest one counts.
        var watch = new Watch(test.TestDisplayName, TestContext.Current, Patience, Limit);
        if (s_running.TryGetValue(test.UniqueID, out Watch? farther))
        {
            farther.Dispose();
        }

        s_running[test.UniqueID] = watch;
    }

    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (s_running.TryRemove(test.UniqueID, out Watch? watch))
        {
            watch.Dispose();
        }
    }

    /// <summary>The two timers of one running test.</summary>
    private sealed class Watch : IDisposable
    {
        private readonly Timer _patience;
        private readonly Timer _limit;

        public Watch(string name, ITestContext context, TimeSpan patience, TimeSpan limit)
        {
            _patience = new Timer(_ => context.CancelCurrentTest(), null, patience, Timeout.InfiniteTimeSpan);
            _limit = new Timer(_ => End(name, limit), null, limit, Timeout.InfiniteTimeSpan);
        }

        public void Dispose()
        {
            _patience.Dispose();
            _limit.Dispose();
        }

        private static void End(string name, TimeSpan limit)
        {
            string message = $"The test {name} is still running after {limit.TotalSeconds:0} s.";
            Console.Error.WriteLine(message);
            Environment.FailFast(message);
        }
    }
}
