using System.Net;
using System.Net.Sockets;
using RxSockets;

/// <summary>Both ends of many streams, for a network that loses packets: each stream is whole, or ended by a timeout, or wrong.</summary>
internal static class Lossy
{
    private const int StreamBytes = 256 * 1024;

    public static async Task<int> RunAsync(EngineKind engine, int streams, int seconds)
    {
        var limit = TimeSpan.FromSeconds(seconds);
        int whole = 0, timedOut = 0, wrong = 0;
        var port = CompletionPort.Create(new CompletionPortOptions { Engine = engine });
        RxListener listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { CompletionPort = port });
        Task serving = listener.AcceptAllAsync().ForEachConnectionAsync(connection => CheckAsync(connection, limit), static (_, _) => { });
        await Task.WhenAll(Enumerable.Range(0, streams).Select(async number =>
        {
            try
            {
                using CallTimeout connecting = CallTimeout.Start(limit);
                await using RxConnection client = await RxConnection.ConnectAsync(
                    listener.LocalEndPoint, default, new ConnectOptions { CompletionPort = port }, connecting.Token);
                await client.SendAsync(BitConverter.GetBytes(number), limit);
                await client.SendAsync(Content(number), limit);
                await client.CompleteWritesAsync();
                byte[] answer = new byte[1];
                if (await client.ReceiveAsync(answer, limit) == 1 && answer[0] == (byte)'k')
                {
                    Interlocked.Increment(ref whole);
                    return;
                }

                Console.Error.WriteLine($"stream {number} is wrong");
                Interlocked.Increment(ref wrong);
                client.Abort();
            }
            catch (Exception error) when (error is TimeoutException or OperationCanceledException or SocketException { SocketErrorCode: SocketError.TimedOut })
            {
                Interlocked.Increment(ref timedOut);
            }
            catch (SocketException error)
            {
                Console.Error.WriteLine($"stream {number}: {error.SocketErrorCode}");
                Interlocked.Increment(ref wrong);
            }
        }));
        Console.WriteLine($"{whole} whole, {timedOut} timed out, {wrong} wrong");
        await listener.DisposeAsync();
        await port.DisposeAsync();
        await serving;
        return 0;
    }

    // Says k where every byte came in its place. An end of the stream that comes early, or a byte that is another, is said as n.
    private static async Task CheckAsync(RxConnection connection, TimeSpan limit)
    {
        byte[] all = new byte[sizeof(int) + StreamBytes + 1];
        int at = 0;
        try
        {
            while (await connection.ReceiveAsync(all.AsMemory(at), limit) is > 0 and int count)
                at += count;
            bool whole = at == all.Length - 1 && all.AsSpan(sizeof(int), StreamBytes).SequenceEqual(Content(BitConverter.ToInt32(all)));
            await connection.SendAsync(new[] { (byte)(whole ? 'k' : 'n') }, limit);
            await connection.CompleteWritesAsync();
        }
        catch (TimeoutException)
        {
            // The client hears nothing, and its own limit ends it. A reset would be told as an error.
            await connection.Closed;
        }
    }

    private static byte[] Content(int number)
    {
        byte[] bytes = new byte[StreamBytes];
        new Random(number).NextBytes(bytes);
        return bytes;
    }
}
