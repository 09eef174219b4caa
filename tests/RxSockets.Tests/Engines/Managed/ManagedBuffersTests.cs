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

    private sealed class Waiter : CompletionWork
    {
        private readonly TaskCompletionSource _told = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Told => _told.Task;

        public override void Run() => _told.SetResult();
    }
}
