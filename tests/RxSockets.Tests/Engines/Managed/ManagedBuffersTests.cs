using RxSockets.Buffers;
using RxSockets.Engines.Managed;
using RxSockets.Operations;

namespace RxSockets.Tests.Engines.Managed;

public class ManagedBuffersTests
{
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
        var retry = new Retry();
        buffers.AddStarved(retry);
        GiveBack(again);
        await retry.Done.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static void GiveBack(BufferLease buffer)
    {
        buffer.Fill(0, holder: null);
        buffer.Release();
    }

    private sealed class Retry : CompletionWork
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Done => _done.Task;

        public override void Run() => _done.SetResult();
    }
}
