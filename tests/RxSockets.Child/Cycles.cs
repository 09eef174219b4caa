using System.Diagnostics;
using System.Globalization;
using System.Net;
using RxSockets;

/// <summary>
/// Connects, exchanges 64 bytes and disconnects, over and over, on new handles or on kept ones, and prints the CPU of a cycle. Client and server are this process,
/// so what differs between two runs is the client's side.
/// </summary>
internal static class Cycles
{
    private const int Block = 64;

    public static async Task<int> RunAsync(EngineKind engine, int count, bool reuse)
    {
        await using var port = CompletionPort.Create(new CompletionPortOptions { Engine = engine, Scheduling = CompletionScheduling.Inline });
        await using RxListener listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { CompletionPort = port });
        Task serving = listener.AcceptAllAsync().ForEachConnectionAsync(static async connection =>
        {
            await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
                await connection.SendAsync(segment.Memory);
        });
        var options = new SocketPoolOptions { Connect = new ConnectOptions { CompletionPort = port } };
        await using var pool = new SocketPool(options);
        byte[] block = new byte[Block];
        await RunAsync(pool, listener.LocalEndPoint, block, Math.Min(count, 2000), reuse);
        using Process self = Process.GetCurrentProcess();
        TimeSpan before = self.TotalProcessorTime;
        await RunAsync(pool, listener.LocalEndPoint, block, count, reuse);
        self.Refresh();
        TimeSpan spent = self.TotalProcessorTime - before;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{spent.TotalMicroseconds / count:0.0} us CPU a cycle, {pool.Made} handles made, {pool.Reused} times reused"));
        await listener.DisposeAsync();
        await serving;
        return 0;
    }

    private static async Task RunAsync(SocketPool pool, EndPoint endPoint, byte[] block, int count, bool reuse)
    {
        byte[] answer = new byte[Block];
        for (int i = 0; i < count; i++)
        {
            RxConnection connection = await pool.ConnectAsync(endPoint, block);
            for (int at = 0; at < Block;)
                at += await connection.ReceiveAsync(answer.AsMemory(at));
            if (reuse)
                await pool.ReturnAsync(connection);
            else
                await connection.DisconnectAsync();
        }
    }
}
