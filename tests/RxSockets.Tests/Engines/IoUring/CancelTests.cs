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

    [Fact]
    public async Task A_cancel_that_comes_after_its_send_ended_leaves_the_next_one_alone()
    {
        await using IoUringPair pair = await IoUringPair.OpenAsync();
        pair.Connection.SendBufferSize = 16384;
        pair.Peer.ReceiveBufferSize = 16384;
        using var cancel = new CancellationTokenSource();
        Task first = pair.Connection.SendAsync(new byte[200_000], cancel.Token).AsTask();
        Task second = pair.Connection.SendAsync(new byte[900_000]).AsTask();
        Assert.Equal(1, await pair.Peer.ReceiveAsync(new byte[1]));
        await pair.LoopCaughtUpAsync();

        // While the loop is busy with somebody else, room is made for all of the first send; the kernel sends it as soon as the loop asks, and that comes
        // before the loop looks at the cancel.
        using var release = new ManualResetEventSlim();
        await pair.Hold(release);
        pair.Connection.SendBufferSize = 212_992;
        await cancel.CancelAsync();
        Task<long> draining = Task.Run(() => Drain(pair, 200_000 + 900_000 - 1));
        release.Set();
        await second.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(200_000 + 900_000 - 1, await draining.WaitAsync(TimeSpan.FromSeconds(20)));
        await first;
    }

    private static long Drain(IoUringPair pair, long bytes)
    {
        byte[] buffer = new byte[1 << 18];
        long drained = 0;
        while (drained < bytes && pair.Peer.Receive(buffer) is > 0 and var count)
            drained += count;
        return drained;
    }

    private sealed class Busy(ManualResetEventSlim until) : IFileWork
    {
        void IFileWork.RunOnWorker() => until.Wait(TimeSpan.FromSeconds(30));
    }
}
