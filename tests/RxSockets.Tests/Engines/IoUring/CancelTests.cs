using RxSockets.Engines.IoUring;

namespace RxSockets.Tests.Engines.IoUring;

/// <summary>Cancels that come too early or too late for the thread that works on what they are for.</summary>
public class CancelTests
{
    [Fact]
    public async Task A_transmit_cancelled_before_its_worker_began_has_not_succeeded()
    {
        await using IoUringPair pair = await IoUringPair.OpenAsync();
        string path = Path.Combine(Path.GetTempPath(), "rxsockets-" + Guid.NewGuid().ToString("N"));
        await File.WriteAllBytesAsync(path, new byte[1 << 20]);
        using var file = File.OpenHandle(path);
        File.Delete(path);
        using var release = new ManualResetEventSlim();
        for (int i = 0; i < FileWorkers.MostThreads; i++)
            pair.Engine.FileWorkers.Add(new Busy(release));

        using var cancel = new CancellationTokenSource();
        Task<TransmitResult> transmitting = pair.Connection
            .TransmitFileAsync(file, new FileTransmitOptions { Flags = TransmitFlags.UseDefaultWorker }, cancel.Token).AsTask();
        Assert.True(SpinWait.SpinUntil(() => Interlocked.Read(ref pair.Engine.Statistics.ColdTransmits) == 1, TimeSpan.FromSeconds(20)));
        await cancel.CancelAsync();
        await pair.LoopCaughtUpAsync();
        release.Set();
        var error = await Assert.ThrowsAsync<TransmitCanceledException>(() => transmitting.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(0, error.BytesTransmitted);
    }

    private sealed class Busy(ManualResetEventSlim until) : IFileWork
    {
        void IFileWork.RunOnWorker() => until.Wait(TimeSpan.FromSeconds(30));
    }
}
