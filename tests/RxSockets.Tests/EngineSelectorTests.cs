using RxSockets.Engines;
using RxSockets.Engines.IoUring;
using RxSockets.Native.Linux;
using RxSockets.Tests.Engines.IoUring;

namespace RxSockets.Tests;

/// <summary>Only Auto falls back, and says why; an engine asked for by name that cannot run is a clear error.</summary>
public class EngineSelectorTests
{
    public static TheoryData<int, string> Refusals => new()
    {
        { Errno.EPERM, "forbidden" },
        { Errno.ENOSYS, "has no io_uring" },
        { Errno.EINVAL, "too old" },
        { Errno.ENOMEM, "RLIMIT_MEMLOCK" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Auto_falls_back_where_the_ring_is_refused_and_says_why(int errno, string text)
    {
        SkipOutsideOfLinux();
        await HoldsAsync(new RefusingRingSystem { SetupErrno = errno }, text, loops: 1);
    }

    [Fact]
    public async Task Auto_falls_back_where_only_a_later_loop_is_refused()
    {
        SkipWithoutIoUring();
        // The probe's ring and the first loop's pass.
        await HoldsAsync(new RefusingRingSystem { SetupErrno = Errno.ENOMEM, After = 2 }, "RLIMIT_MEMLOCK", loops: 3);
    }

    [Fact]
    public async Task Auto_falls_back_where_a_ring_cannot_be_enabled()
    {
        SkipWithoutIoUring();
        await HoldsAsync(new RefusingRingSystem { RefusedRegister = IoUringAbi.IORING_REGISTER_ENABLE_RINGS }, "ENABLE_RINGS", loops: 2);
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Asked_for_by_name_a_refusal_is_an_error(int errno, string text)
    {
        SkipOutsideOfLinux();
        CompletionPortOptions options = new CompletionPortOptions { Engine = EngineKind.IoUring }.Validated();
        var error = Assert.Throws<PlatformNotSupportedException>(
            () => EngineSelector.Create(options, static _ => { }, new RefusingRingSystem { SetupErrno = errno }));
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_port_says_which_engine_runs_and_why()
    {
        await using var managed = CompletionPort.Create(new CompletionPortOptions { Engine = EngineKind.Managed });
        Assert.Equal((EngineKind.Managed, "asked for by name"), (managed.Engine, managed.EngineReason));
        await using var best = CompletionPort.Create();
        Assert.NotEqual(EngineKind.Auto, best.Engine);
        Assert.NotEmpty(best.EngineReason);
    }

    private static async Task HoldsAsync(IRingSystem system, string text, int loops)
    {
        CompletionPortOptions options = new CompletionPortOptions { Loops = loops }.Validated();
        (CompletionEngine engine, string reason) = EngineSelector.Create(options, static _ => { }, system);
        Assert.Equal(EngineKind.Managed, engine.Kind);
        Assert.Contains("io_uring cannot run here", reason, StringComparison.Ordinal);
        Assert.Contains(text, reason, StringComparison.Ordinal);
        await engine.ShutDownAsync();
    }

    private static void SkipOutsideOfLinux() => Assert.SkipUnless(OperatingSystem.IsLinux(), "io_uring is Linux's.");

    private static void SkipWithoutIoUring()
    {
        if (EngineSelector.WhyNot(EngineKind.IoUring) is { } reason)
            Assert.Skip("io_uring cannot run here: " + reason);
    }
}
