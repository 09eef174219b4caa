// Started by the tests for what cannot be done inside the test process.
//   RxSockets.Child exhaust ENGINE SCHEDULING     lowers RLIMIT_NOFILE to 20 above what is open, listens, prints the port, greets every
//                                                 connection with one byte and holds it; a line on standard input lets all go; end of input ends it
//   RxSockets.Child crowd PORT COUNT SPEAKING     connects COUNT plain sockets to PORT on loopback, of which the first SPEAKING send a byte; prints
//                                                 "connected"; at the end of input prints how many were reset and ends
using System.Net;
using System.Runtime.InteropServices;
using RxSockets;

if (args is ["crowd", var crowded, var count, var speaking])
    return Crowd.Run(int.Parse(crowded), int.Parse(count), int.Parse(speaking));

if (args is not ["exhaust", var engine, var scheduling])
{
    Console.Error.WriteLine("usage: RxSockets.Child exhaust ENGINE SCHEDULING");
    return 2;
}

await using var port = CompletionPort.Create(new CompletionPortOptions
{
    Engine = Enum.Parse<EngineKind>(engine),
    Scheduling = Enum.Parse<CompletionScheduling>(scheduling),
});
await using RxListener listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { CompletionPort = port });
Console.WriteLine(((IPEndPoint)listener.LocalEndPoint).Port);

List<RxConnection> held = [];
using IDisposable accepting = listener.Accepted.Subscribe(new Greeter(held));

// Once through everything while there are descriptors: assemblies are loaded when first used, and that takes one too.
await using (RxConnection first = await RxConnection.ConnectAsync(listener.LocalEndPoint, default, new ConnectOptions { CompletionPort = port }))
{
    while (await first.ReceiveAsync(new byte[1]) != 0)
    {
    }
}

while (true)
{
    RxConnection? greeted;
    lock (held)
    {
        greeted = held.FirstOrDefault();
        held.Clear();
    }

    if (greeted is null)
    {
        await Task.Yield();
        continue;
    }

    await greeted.DisposeAsync();
    await greeted.Closed;
    break;
}

OpenFiles.Limit((ulong)Directory.GetFiles("/proc/self/fd").Length + 20);
Console.WriteLine("lowered");
while (Console.ReadLine() is not null)
{
    RxConnection[] released;
    lock (held)
    {
        released = [.. held];
        held.Clear();
    }

    foreach (RxConnection connection in released)
        await connection.DisposeAsync();
    Console.WriteLine(listener.AcceptPauses);
}

return 0;

internal sealed class Greeter(List<RxConnection> held) : IObserver<RxConnection>
{
    public void OnNext(RxConnection value)
    {
        lock (held)
            held.Add(value);
        _ = value.SendAsync("k"u8.ToArray()).AsTask().ContinueWith(static task => task.Exception, TaskScheduler.Default);
        // FIN behind it: the peer closes, and its descriptor here comes back once the connection is let go.
        _ = value.CompleteWritesAsync().AsTask().ContinueWith(static task => task.Exception, TaskScheduler.Default);
    }

    public void OnError(Exception error) => Console.WriteLine("error " + error.Message);

    public void OnCompleted()
    {
    }
}

internal static unsafe class OpenFiles
{
    private const int RLIMIT_NOFILE = 7;

    public static void Limit(ulong count)
    {
        ulong* limit = stackalloc ulong[2];
        if (getrlimit(RLIMIT_NOFILE, limit) != 0)
            throw new InvalidOperationException("getrlimit failed");
        limit[0] = count;
        if (setrlimit(RLIMIT_NOFILE, limit) != 0)
            throw new InvalidOperationException("setrlimit failed");
    }

    [DllImport("libc")]
    private static extern int getrlimit(int resource, ulong* limit);

    [DllImport("libc")]
    private static extern int setrlimit(int resource, ulong* limit);
}
