using System.Net;
using System.Reactive.Linq;
using System.Reactive.Threading.Tasks;
using System.Text;

namespace RxSockets.Examples;

/// <summary>The example of README.md; a test compares the two and runs it.</summary>
internal static class ReadmeExample
{
    public static async Task RunAsync()
    {
        await using RxListener listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        // Pulled: every accepted connection gets a handler; what comes in goes out.
        Task serving = listener.AcceptAllAsync().ForEachConnectionAsync(async connection =>
        {
            await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
                await connection.SendAsync(segment.Memory);
        });

        // The first bytes leave with the connect itself (ConnectEx; Linux: linked connect and send).
        await using RxConnection client = await RxConnection.ConnectAsync(listener.LocalEndPoint, "hello"u8.ToArray());
        Console.WriteLine($"{client.FirstDataSent} bytes left with the connect, {client.ConnectTime} ago");

        // Pushed: received segments are an observable. A segment is lent until OnNext returns, so what is kept is copied.
        Task<string> echoed = client.Received
            .Select(segment => Encoding.UTF8.GetString(segment.Memory.Span))
            .Aggregate("", (text, part) => text + part)
            .ToTask();
        await client.SendAsync(" again"u8.ToArray());
        await client.CompleteWritesAsync();                  // FIN
        Console.WriteLine(await echoed);                     // hello again

        await client.DisconnectAsync();                      // both directions have ended: the handle is closed
        ConnectionClosure closure = await client.Closed;
        Console.WriteLine($"{closure.Reason}: {closure.BytesSent} bytes sent, {closure.BytesReceived} received");
        await listener.DisposeAsync();
        await serving;
    }
}
