using RxSockets.Buffers;
using RxSockets.Engines.Managed;
using RxSockets.Operations;

namespace RxSockets.Tests.Engines.Managed;

public class ManagedBuffersTests
{
    [Fact]
    public async Task Whoever_waits_for_a_buffer_is_told_whatever_crosses()
    {
        const int Turns = 20_000;
        var engine = new ManagedEngine(new CompletionPortOptions().Validated(), static error => throw error);
        using var buffers = new ManagedBuffers(engine, bufferSize: 16, maxBytes: 16);
        Task[] workers = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (int turn = 0; turn < Turns; turn++)
            {
                BufferLease? buffer;
                while ((buffer = buffers.Pool.TryRent()) is null)
                {
                    var waiter = new Waiter();
                    buffers.AddStarved(waiter);
                    await waiter.Told.WaitAsync(TimeSpan.FromSeconds(20));
                }

                buffer.Fill(1, holder: null);
                buffer.Release();
            }
        }))];
        await Task.WhenAll(workers);
        Assert.Equal(0, buffers.Pool.Rented);
        await engine.ShutDownAsync();
    }

    [Fact]
    public async Task A_receive_that_came_late_to_the_queue_hears_of_the_next_buffer()
    {
        var engine = new ManagedEngine(new CompletionPortOptions().Validated(), static error => Assert.Fail(error.Message));
        var buffers = new ManagedBuffers(engine, bufferSize: 16, maxBytes: 16);
        BufferLease only = buffers.Pool.TryRent()!;
        // One receive finds none; before it is in the queue the buffer comes back, finds nobody, and another takes it.
        Assert.Null(buffers.Pool.TryRent());
        GiveBack(only);
        BufferLease again = buffers.Pool.TryRent()!;
        var retry = new Waiter();
        buffers.AddStarved(retry);
        GiveBack(again);
        await retry.Told.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static void GiveBack(BufferLease buffer)
    {
        buffer.Fill(0, holder: null);
        buffer.Release();
    }

    private sealed class Waiter : CompletionWork
    {
        private readonly TaskCompletionSource _told = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Told => _told.Task;

        public override void Run() => _told.SetResult();
    }
}
