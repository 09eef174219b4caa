using System.Reactive.Linq;
using Microsoft.Reactive.Testing;

namespace RxSockets.Tests.Testing;

/// <summary>The wiring of Microsoft.Reactive.Testing beside the current System.Reactive works: see tests/Shared/ReactiveTesting.props.</summary>
public class TestSchedulerTests : ReactiveTest
{
    [Fact]
    public void Virtual_time_drives_an_operator_of_the_current_System_Reactive()
    {
        var scheduler = new TestScheduler();
        ITestableObservable<int> source = scheduler.CreateHotObservable(
            OnNext(210, 1), OnNext(220, 2), OnNext(300, 3), OnCompleted<int>(400));

        ITestableObserver<int> seen = scheduler.Start(() => source.Throttle(TimeSpan.FromTicks(20), scheduler), 100, 200, 1000);

        ReactiveAssert.AreElementsEqual([OnNext(240, 2), OnNext(320, 3), OnCompleted<int>(400)], seen.Messages);
        ReactiveAssert.AreElementsEqual([Subscribe(200, 400)], source.Subscriptions);
        Assert.Equal(1000, scheduler.Clock);
    }
}
