using RxSockets.Hunt;
using RxSockets.Testing;

namespace RxSockets.Tests.Simulation;

/// <summary>The hunt itself: it finds nothing where nothing is, finds what was planted, and tells the same story twice.</summary>
public class HuntTests
{
    private const int Seeds = 200;

    public static TheoryData<string> Bugs => [.. Enum.GetNames<PlantedBug>().Where(static name => name != nameof(PlantedBug.None))];

    [Fact]
    public void The_first_worlds_run_well()
    {
        for (int seed = 1; seed <= 50; seed++)
            World.Run(seed);
    }

    [Theory]
    [MemberData(nameof(Bugs))]
    public void A_planted_bug_is_caught(string bug)
    {
        int caughtAt = 0;
        for (int seed = 1; seed <= Seeds && caughtAt == 0; seed++)
        {
            try
            {
                World.Run(seed, Enum.Parse<PlantedBug>(bug));
            }
            catch (Exception)
            {
                caughtAt = seed;
            }
        }

        Assert.InRange(caughtAt, 1, Seeds);
        TestContext.Current.TestOutputHelper?.WriteLine($"{bug}: caught with seed {caughtAt}.");
    }

    [Fact]
    public void The_same_seed_tells_the_same_story()
    {
        for (int seed = 1; seed <= 30; seed++)
        {
            World first = World.Run(seed, traceEntries: 1000), second = World.Run(seed, traceEntries: 1000);
            Assert.Equal(0, first.Network.StepsOnOtherThreads);
            Assert.Equal(first.Network.Trace.ToString(), second.Network.Trace.ToString());
            Assert.Equal((first.Network.Trace.Count, first.Network.Trace.Hash), (second.Network.Trace.Count, second.Network.Trace.Hash));
        }
    }
}
