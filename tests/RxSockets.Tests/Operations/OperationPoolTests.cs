using RxSockets.Operations;

namespace RxSockets.Tests.Operations;

public class OperationPoolTests
{
    [Fact]
    public void What_one_thread_returns_it_gets_again()
    {
        List<One> rented = Rent<One>(100);
        rented.ForEach(OperationPool<One>.Return);
        Assert.Equal(rented.ToHashSet(), Rent<One>(100).ToHashSet());
    }

    [Fact]
    public async Task What_another_thread_has_too_many_of_is_found()
    {
        List<Two> rented = Rent<Two>(200);
        await RunAsync(() => rented.ForEach(OperationPool<Two>.Return));
        // A magazine of 8 stays with that thread.
        Assert.InRange(Rent<Two>(200).ToHashSet().Intersect(rented).Count(), 200 - 8, 200);
    }

    [Fact]
    public async Task The_rest_is_left_to_the_garbage_collector()
    {
        List<Three> rented = Rent<Three>(5000);
        await RunAsync(() => rented.ForEach(OperationPool<Three>.Return));
        Assert.InRange(Rent<Three>(5000).Intersect(rented).Count(), OperationPool<Three>.SharedLimit - 8, OperationPool<Three>.SharedLimit + 8);
    }

    [Fact]
    public async Task Nobody_gets_what_somebody_else_has()
    {
        Task[] threads = [.. Enumerable.Range(0, 4).Select(seed => RunAsync(() => Juggle(new Random(seed))))];
        await Task.WhenAll(threads).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    private static void Juggle(Random random)
    {
        List<Four> held = [];
        for (int step = 0; step < 100_000; step++)
        {
            if (held.Count < 100 && random.Next(2) == 0)
            {
                Four operation = OperationPool<Four>.Rent();
                Assert.Equal(0, Interlocked.Exchange(ref operation.Holders, 1));
                held.Add(operation);
            }
            else if (held.Count > 0)
            {
                Four operation = held[^1];
                held.RemoveAt(held.Count - 1);
                operation.Holders = 0;
                OperationPool<Four>.Return(operation);
            }
        }
    }

    private static List<T> Rent<T>(int count)
        where T : class, new() => [.. Enumerable.Range(0, count).Select(static _ => OperationPool<T>.Rent())];

    // A thread of its own: its magazines end with it.
    private static Task RunAsync(Action action) => Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private sealed class One;

    private sealed class Two;

    private sealed class Three;

    private sealed class Four
    {
        public int Holders;
    }
}
