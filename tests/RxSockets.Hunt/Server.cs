using System.Net.Sockets;
using System.Reactive.Linq;
using RxSockets.Testing;

namespace RxSockets.Hunt;

/// <summary>Accepts by every way there is, one after the other, and serves each connection until it ends.</summary>
internal sealed class Server(World world, RxListener listener)
{
    private readonly List<Task> _serving = [];

    private SimulationRandom Random => world.Random;

    public async Task RunAsync()
    {
        try
        {
            while (await AcceptAsync(Random.Below(3)))
            {
            }
        }
        catch (ObjectDisposedException)
        {
            // The listener is closed.
        }

        await Task.WhenAll(_serving);
    }

    // False at the listener's end.
    private async Task<bool> AcceptAsync(int way)
    {
        int left = 1 + Random.Below(4);
        using CancellationTokenSource? cancel = world.MayCancel(3, 300);
        try
        {
            switch (way)
            {
                case 0:
                    Serve(await listener.AcceptAsync(cancel?.Token ?? default));
                    return true;
                case 1:
                    await foreach (RxConnection connection in listener.AcceptAllAsync(cancel?.Token ?? default))
                    {
                        Serve(connection);
                        if (--left == 0)
                            return true;
                    }

                    return false;
                default:
                    return await PushAsync(left);
            }
        }
        catch (OperationCanceledException) when (cancel is { IsCancellationRequested: true })
        {
            return true;
        }
    }

    private async Task<bool> PushAsync(int left)
    {
        var done = new TaskCompletionSource<bool>();
        using IDisposable subscription = listener.Accepted.Take(left).Subscribe(
            connection =>
            {
                left--;
                // Not here: what runs here has no context to come back to.
                _serving.Add(world.Network.InContext(() => ServeAsync(connection)));
            },
            error => done.TrySetException(error),
            () => done.TrySetResult(left == 0));
        return await done.Task;
    }

    private void Serve(RxConnection connection) => _serving.Add(ServeAsync(connection));

    private async Task ServeAsync(RxConnection connection)
    {
        world.Watch(connection);
        if (world.Swarm.FirstDataBytes > 0)
            Check.That(connection.FirstData.Length <= world.Swarm.FirstDataBytes, $"{connection.FirstData.Length} bytes of first data");
        var reader = new Reader(world, connection, first => world.Find(first).ToServer);
        Task reading = reader.ReadAsync(Random.Below(8) == 0 ? 1 + Random.Below(3) : int.MaxValue);
        // A client that vanished behind a partition says nothing any more.
        await Task.WhenAny(reader.Known.Task, Task.Delay(TimeSpan.FromMinutes(2), world.Network.TimeProvider));
        if (!reader.Known.Task.IsCompleted || await reader.Known.Task is not { } known)
        {
            await connection.DisposeAsync();
            await reading;
            return;
        }

        StreamBook book = world.Conversations[known.Id].ToClient;
        await new Talk(world, connection, new Writer(world, connection, book), book, reader, reading).RunAsync();
    }
}
