using System.Net.Sockets;
using RxSockets.Testing;

namespace RxSockets.Hunt;

/// <summary>Connects, talks, ends, some times in a row, on a handle that was kept where there is one.</summary>
internal sealed class Client(World world)
{
    private const int Tries = 20;

    private SimulationRandom Random => world.Random;

    public async Task RunAsync()
    {
        RxConnection? kept = null;
        for (int i = 0; i < world.Swarm.Sessions; i++)
        {
            Conversation conversation = world.NewConversation();
            if (await ConnectAsync(conversation, kept) is not { } connection)
                break;
            kept = null;
            world.Watch(connection);
            var writer = new Writer(world, connection, conversation.ToServer);
            Task naming = conversation.ToServer.Frames == 0 ? writer.SendAllAsync(1) : Task.CompletedTask;
            var reader = new Reader(world, connection, first => world.Find(first).ToClient);
            Task reading = reader.ReadAsync(Random.Below(8) == 0 ? 1 + Random.Below(3) : int.MaxValue);
            if (await new Talk(world, connection, writer, conversation.ToServer, reader, reading, world.Pool).RunAsync())
                kept = connection;
            await naming;
        }

        if (kept is not null)
            await kept.DisposeAsync();
    }

    // Null: it gave up.
    private async Task<RxConnection?> ConnectAsync(Conversation conversation, RxConnection? kept)
    {
        byte[]? first = null;
        int number = -1;
        if (Random.Below(2) == 0)
            first = conversation.ToServer.NextFrame(Random.Below(world.Swarm.LongestFrame), out number);
        for (int i = 0; i < Tries; i++)
        {
            // Never without a limit: the first block may wait for a server that has no descriptor for this connection.
            TimeSpan patience = Random.Below(8) == 0 ? TimeSpan.FromMilliseconds(Random.Below(200)) : TimeSpan.FromMinutes(2);
            using var cancel = new CancellationTokenSource(patience, world.Network.TimeProvider);
            try
            {
                RxConnection connection = await ConnectOnceAsync(first, kept, cancel.Token);
                if (first is not null)
                {
                    Check.That(connection.FirstDataSent == first.Length, $"{connection.FirstDataSent} of {first.Length} bytes of first data were sent");
                    conversation.ToServer.Ended(number, SendOutcome.Sent);
                    first.AsSpan().Fill(0xEE);
                }

                return connection;
            }
            catch (Exception error) when (error is SocketException || (error is OperationCanceledException && cancel.IsCancellationRequested))
            {
                if (kept is not null && error is SocketException { SocketErrorCode: SocketError.NotSocket })
                    break;
            }

            // A first block that was lost with its connect would look like one that was never sent.
            if (first is not null)
                break;
            await world.PauseAsync();
        }

        if (first is not null)
            conversation.ToServer.Ended(number, SendOutcome.Failed);
        if (kept is not null)
            await kept.DisposeAsync();
        return null;
    }

    private async Task<RxConnection> ConnectOnceAsync(byte[]? first, RxConnection? kept, CancellationToken token)
    {
        if (kept is null && world.Pool is { } pool && Random.Below(2) == 0)
            return await pool.ConnectAsync(world.ServerEndPoint, first, token);
        if (kept is null)
            return await RxConnection.ConnectAsync(world.ServerEndPoint, first, new ConnectOptions { CompletionPort = world.ClientPort }, token);
        await kept.ReconnectAsync(world.ServerEndPoint, first, token);
        return kept;
    }
}
