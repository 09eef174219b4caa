using System.Diagnostics;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>A network namespace of its own, in which nft drops packets: streams arrive whole, or end with a timeout.</summary>
[Collection(nameof(Crowded))]
public class PacketLossTests
{
    private const int Streams = 20;
    private const int Seconds = 30;

    public static TheoryData<EngineKind> Engines => new() { EngineKind.IoUring, EngineKind.Managed };

    [Theory]
    [TestDeadline(180)]
    [MemberData(nameof(Engines))]
    public async Task Every_stream_is_whole_or_times_out(EngineKind engine)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs network namespaces.");
        if (EngineSelector.WhyNot(engine) is { } reason)
            Assert.Skip($"{engine} cannot run here: {reason}");
        int[] losses = [1, 10, 30];
        (int Whole, int TimedOut, int Wrong)[] ends = await Task.WhenAll(losses.Select(loss => RunAsync(engine, loss)));
        for (int i = 0; i < losses.Length; i++)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"{losses[i]} % lost: {ends[i]}");
            Assert.Equal(0, ends[i].Wrong);
            Assert.Equal(Streams, ends[i].Whole + ends[i].TimedOut);
        }

        // A loss that TCP is made for.
        Assert.Equal(Streams, ends[0].Whole);
    }

    private static async Task<(int Whole, int TimedOut, int Wrong)> RunAsync(EngineKind engine, int loss)
    {
        string space = $"rxsockets-{Environment.ProcessId}-{engine}-{loss}";
        (int made, string refusal) = await CommandAsync("ip", "netns", "add", space);
        Assert.SkipUnless(made == 0, $"A network namespace cannot be made here: {refusal}");
        try
        {
            await MustAsync("ip", "-n", space, "link", "set", "lo", "mtu", "1500", "up");
            (int ruled, refusal) = await CommandAsync("ip", "netns", "exec", space, "nft", "add", "table", "inet", "loss");
            Assert.SkipUnless(ruled == 0, $"nft cannot be used here: {refusal}");
            await MustAsync("ip", "netns", "exec", space, "nft", "add", "chain", "inet", "loss", "in", "{ type filter hook input priority 0; }");
            await MustAsync("ip", "netns", "exec", space, "nft", "add", "rule", "inet", "loss", "in", "meta", "l4proto", "tcp", "numgen", "random", "mod", "100", "<", $"{loss}", "drop");
            using var child = ChildProcess.StartIn(space, "lossy", $"{engine}", $"{Streams}", $"{Seconds}");
            string line = await child.ReadLineAsync(TimeSpan.FromSeconds((3 * Seconds) + 30));
            int[] numbers = [.. line.Split(' ').Where(static word => char.IsDigit(word[0])).Select(int.Parse)];
            return (numbers[0], numbers[1], numbers[2]);
        }
        finally
        {
            await CommandAsync("ip", "netns", "delete", space);
        }
    }

    private static async Task MustAsync(string file, params string[] arguments)
    {
        (int code, string output) = await CommandAsync(file, arguments);
        Assert.True(code == 0, output);
    }

    private static async Task<(int Code, string Output)> CommandAsync(string file, params string[] arguments)
    {
        try
        {
            using Process process = Start(file, arguments);
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            string error = await process.StandardError.ReadToEndAsync().Within();
            await process.WaitForExitAsync().Within();
            return (process.ExitCode, error + await output.Within());
        }
        catch (System.ComponentModel.Win32Exception absent)
        {
            return (-1, absent.Message);
        }
    }

    private static Process Start(string file, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
}
