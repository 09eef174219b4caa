using System.Net;
using System.Reactive.Linq;
using System.Reactive.Threading.Tasks;
using System.Text;
using RxSockets;

namespace Quickstart;

/// <summary>One method per thing shown. Each throws if what it shows did not happen.</summary>
internal static class Steps
{
    public static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    /// <summary>Accepted connections are an async stream.</summary>
    public static async Task<string> AcceptAsync(CompletionPort port)
    {
        const int Clients = 100;
        await using RxListener listener = RxListener.Bind(AnyPort, new ListenerOptions { CompletionPort = port });
        var clients = new List<RxConnection>();
        for (int i = 0; i < Clients; i++)
            clients.Add(await ConnectAsync(listener, port));

        int accepted = 0;
        await foreach (RxConnection connection in listener.AcceptAllAsync())
        {
            await connection.DisposeAsync();
            if (++accepted == Clients)
                break;
        }

        foreach (RxConnection client in clients)
            await client.DisposeAsync();
        return $"{accepted} clients accepted with await foreach";
    }

    /// <summary>The first bytes come with the accept (AcceptEx), and leave with the connect (ConnectEx).</summary>
    public static async Task<string> FirstDataAsync(CompletionPort port)
    {
        await using RxListener listener = RxListener.Bind(AnyPort, new ListenerOptions { CompletionPort = port, FirstDataBytes = 64 });
        ValueTask<RxConnection> accepting = listener.AcceptAsync();
        await using RxConnection client = await RxConnection.ConnectAsync(
            listener.LocalEndPoint, "hello from connect"u8.ToArray(), new ConnectOptions { CompletionPort = port });
        await using RxConnection connection = await accepting;
        string text = Encoding.UTF8.GetString(connection.FirstData.Span);
        Check(text == "hello from connect", $"the first data was '{text}'");
        return $"{client.FirstDataSent} bytes left with the connect and came with the accept";
    }

    /// <summary>A client that connects and says nothing is found by its connect time (SO_CONNECT_TIME), and dropped.</summary>
    public static async Task<string> SilentClientAsync(CompletionPort port)
    {
        var limit = TimeSpan.FromSeconds(1);
        await using RxListener listener = RxListener.Bind(
            AnyPort, new ListenerOptions { CompletionPort = port, FirstDataBytes = 64, FirstDataTimeout = limit });
        ValueTask<RxConnection> accepting = listener.AcceptAsync();
        await using RxConnection silent = await ConnectAsync(listener, port);
        bool reset = false;
        try
        {
            await silent.ReceiveAsync(new byte[1]);
        }
        catch (System.Net.Sockets.SocketException error)
        {
            reset = error.SocketErrorCode == System.Net.Sockets.SocketError.ConnectionReset;
        }

        Check(reset && listener.SilentClientsDropped == 1, "the silent client was not reset");

        // The listener goes on: a client that speaks is accepted.
        await using RxConnection speaking = await RxConnection.ConnectAsync(
            listener.LocalEndPoint, "hi"u8.ToArray(), new ConnectOptions { CompletionPort = port });
        await using RxConnection accepted = await accepting;
        return $"reset after {limit.TotalSeconds:F0} s of silence; a talking one was accepted";
    }

    /// <summary>Received segments are an observable: any operator of System.Reactive applies.</summary>
    public static async Task<string> RxPipelineAsync(CompletionPort port)
    {
        await using RxListener listener = RxListener.Bind(AnyPort, new ListenerOptions { CompletionPort = port });
        Task<long> vowels = listener.Accepted
            .Take(1)
            .SelectMany(static connection => connection.Received.Finally(() => _ = connection.DisposeAsync()))
            .SelectMany(static segment => segment.ToArray())
            .Where(static letter => "aeiou"u8.Contains(letter))
            .LongCount()
            .ToTask();
        RxConnection client = await ConnectAsync(listener, port);
        for (int i = 0; i < 1000; i++)
            await client.SendAsync("reactive sockets\n"u8.ToArray());
        await client.DisposeAsync();
        long counted = await vowels;
        Check(counted == 6000, $"{counted} vowels instead of 6000");
        return $"{counted} vowels counted in what came in";
    }

    public static ValueTask<RxConnection> ConnectAsync(RxListener listener, CompletionPort port) =>
        RxConnection.ConnectAsync(listener.LocalEndPoint, default, new ConnectOptions { CompletionPort = port });

    public static void Check(bool condition, string otherwise)
    {
        if (!condition)
            throw new InvalidOperationException(otherwise);
    }
}
