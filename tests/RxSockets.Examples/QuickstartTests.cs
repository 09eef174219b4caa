namespace RxSockets.Examples;

/// <summary>The program a stranger runs first.</summary>
public class QuickstartTests
{
    [Theory]
    [InlineData(EngineKind.IoUring, "iouring", "inline")]
    [InlineData(EngineKind.IoUring, "iouring", "pool")]
    [InlineData(EngineKind.Managed, "managed", "inline")]
    [InlineData(EngineKind.Managed, "managed", "pool")]
    public async Task Every_step_is_shown_with_its_timing_and_the_exit_code_is_0(EngineKind engine, string name, string scheduling)
    {
        EngineProbe.SkipWithout(engine);
        await using ExampleProcess quickstart = ExampleProcess.Start("Quickstart", ["--engine", name, "--scheduling", scheduling, "--mib", "16"]);
        (int exitCode, string output, string errors) = await quickstart.EndAsync();
        Assert.Equal((0, ""), (exitCode, errors));
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith($"engine {engine} (asked for by name)", lines[0], StringComparison.Ordinal);
        Assert.Equal(5, lines.Count(static line => line.StartsWith("ok ", StringComparison.Ordinal) && line.Contains(" ms ", StringComparison.Ordinal)));
        Assert.Contains("SHA-256 equal", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--engine", "fast", "--engine is auto, iouring, managed or iocp, not 'fast'.")]
    [InlineData("--scheduling", "now", "--scheduling is pool or inline, not 'now'.")]
    [InlineData("--mib", "0", "--mib is a number from 1 to 4096, not '0'.")]
    public async Task A_bad_argument_is_named_and_the_exit_code_is_not_0(string option, string value, string message)
    {
        await using ExampleProcess quickstart = ExampleProcess.Start("Quickstart", [option, value]);
        (int exitCode, _, string errors) = await quickstart.EndAsync();
        Assert.NotEqual(0, exitCode);
        Assert.Contains(message, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_engine_of_another_system_is_refused_with_the_reason()
    {
        string absent = OperatingSystem.IsWindows() ? "iouring" : "iocp";
        await using ExampleProcess quickstart = ExampleProcess.Start("Quickstart", ["--engine", absent]);
        (int exitCode, _, string errors) = await quickstart.EndAsync();
        Assert.Equal(1, exitCode);
        Assert.Contains("cannot run here", errors, StringComparison.Ordinal);
    }
}
