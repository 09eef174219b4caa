using System.Threading.Tasks.Sources;

namespace RxSockets.Conformance;

/// <summary>
/// What the runtime itself allocates when an async method awaits a ValueTask of bool that is not complete yet. Nothing on Linux; on win-x64 (seen under Wine,
/// .NET 10.0.12) it boxes the awaiter, 32 bytes, also in optimised code. No library can be below that, so the measure of ours starts there.
/// </summary>
internal sealed class AwaitCost : IValueTaskSource<bool>
{
    private ManualResetValueTaskSourceCore<bool> _core;

    public static double BytesPerAwait()
    {
        if (!OperatingSystem.IsWindows())
            return 0;
        const int Awaits = 1000;
        var source = new AwaitCost();
        Task loop = source.AwaitAsync();
        source.Complete(Awaits);
        long before = GC.GetAllocatedBytesForCurrentThread();
        source.Complete(Awaits);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.False(loop.IsCompleted);
        source._core.SetResult(false);
        Assert.True(loop.IsCompletedSuccessfully);
        return (double)allocated / Awaits;
    }

    private async Task AwaitAsync()
    {
        while (await new ValueTask<bool>(this, _core.Version))
        {
        }
    }

    // Each runs the loop to its next await, on this thread.
    private void Complete(int count)
    {
        for (int i = 0; i < count; i++)
            _core.SetResult(true);
    }

    bool IValueTaskSource<bool>.GetResult(short token)
    {
        bool result = _core.GetResult(token);
        _core.Reset();
        return result;
    }

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
