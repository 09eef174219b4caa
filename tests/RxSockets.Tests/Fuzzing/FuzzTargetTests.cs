using RxSockets.Fuzz;

namespace RxSockets.Tests.Fuzzing;

/// <summary>The corpus that is kept: what fuzzing begins with, and every input that was a finding (named so). Needs no fuzzer.</summary>
public class FuzzTargetTests
{
    public static TheoryData<string> Names { get; } = [.. TargetList.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_corpus_holds(string name)
    {
        string[] inputs = Directory.GetFiles(Path.Join(AppContext.BaseDirectory, "corpus", name));
        Assert.NotEmpty(inputs);
        foreach (string input in inputs)
        {
            Exception? error = Record.Exception(() => Bounded.Run(TargetList.All[name], File.ReadAllBytes(input)));
            Assert.True(error is null, $"{Path.GetFileName(input)}: {error}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void An_input_may_be_empty(string name) => Bounded.Run(TargetList.All[name], []);

    [Fact]
    public void What_allocates_more_than_its_input_allows_is_a_finding()
    {
        Assert.Throws<FindingException>(static () => Bounded.Run(static _ => GC.KeepAlive(new byte[2 << 20]), [1, 2, 3]));
        Bounded.Run(static _ => GC.KeepAlive(new byte[2 << 20]), new byte[2048]);
    }

    [Fact]
    public void What_takes_long_three_times_is_a_finding()
    {
        int runs = 0;
        Bounded.Run(_ => Spin(runs++ == 0), []);
        Assert.Equal(2, runs);
        Assert.Throws<FindingException>(static () => Bounded.Run(static _ => Spin(true), []));
    }

    private static void Spin(bool really)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (really && TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(1.1))
            continue;
    }
}
