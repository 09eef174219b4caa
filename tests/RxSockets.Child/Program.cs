// Started by the tests for what cannot be done inside the test process.
//   RxSockets.Child exhaust ENGINE SCHEDULING     lowers RLIMIT_NOFILE to 20 above what is open, listens, prints the port, greets every connection
//                                                 with one byte and holds it until its peer ends; at the end of standard input prints how often accepting paused
//   RxSockets.Child transmit ENGINE SCHEDULING PORT PATH   connects, transmits 1 MiB and then all of the file, each between a head and a tail of 1 KiB, and prints
//                                                 the bytes of the second and by how much it raised the peak of resident memory, in KiB
//   RxSockets.Child crowd PORT COUNT SPEAKING     connects COUNT plain sockets to PORT on loopback, of which the first SPEAKING send a byte; prints
//                                                 "connected"; at the end of input prints how many were reset and ends
//   RxSockets.Child cycles ENGINE COUNT new|reuse  connects and disconnects COUNT times on new or on kept handles, and prints the CPU of a cycle (docs/transmit.md)
//   RxSockets.Child lossy ENGINE COUNT SECONDS    sends COUNT streams of 256 KiB to itself, with SECONDS for each call; prints how many came whole, timed out, were wrong
//   RxSockets.Child slow ENGINE pushed|bridged SECONDS   listens, prints the port, takes one item a second of what one client sends, and prints how many it
//                                                 took and by how much its resident memory grew from the third one on, in KiB
//   RxSockets.Child guarded ENGINE SCHEDULING     serves lines, frames and echo; prints the three ports, and its resident memory in KiB for every line of input
//   RxSockets.Child hostile line|prefix|loris|silent PORT COUNT   attacks a port with COUNT connections until the end of input, then prints bytes sent and connections cut
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets;

if (args is ["cycles", var cyclesEngine, var cycles, "new" or "reuse"])
    return await Cycles.RunAsync(Enum.Parse<EngineKind>(cyclesEngine), int.Parse(cycles), args[3] == "reuse");
if (args is ["transmit", var transmitEngine, var transmitScheduling, var number, var path])
    return await Transmitter.RunAsync(Enum.Parse<EngineKind>(transmitEngine), Enum.Parse<CompletionScheduling>(transmitScheduling), int.Parse(number), path);
if (args is ["crowd", var crowded, var count, var speaking])
    return Crowd.Run(int.Parse(crowded), int.Parse(count), int.Parse(speaking));

if (args is ["lossy", var lossyEngine, var streams, var patience])
    return await Lossy.RunAsync(Enum.Parse<EngineKind>(lossyEngine), int.Parse(streams), int.Parse(patience));

if (args is ["slow", var slowEngine, "pushed" or "bridged", var seconds])
    return await SlowConsumer.RunAsync(Enum.Parse<EngineKind>(slowEngine), args[2] == "bridged", int.Parse(seconds));

if (args is ["guarded", var guardedEngine, var guardedScheduling])
    return await GuardedServer.RunAsync(Enum.Parse<EngineKind>(guardedEngine), Enum.Parse<CompletionScheduling>(guardedScheduling));

if (args is ["hostile", "line" or "prefix" or "loris" or "silent", var attacked, var attackers])
    return Hostile.Run(args[1], int.Parse(attacked), int.Parse(attackers));

if (args is not ["exhaust", var engine, var scheduling])
{
    Console.Error.WriteLine("usage: RxSockets.Child exhaust ENGINE SCHEDULING | transmit ENGINE SCHEDULING PORT PATH | crowd PORT COUNT SPEAKING | cycles ENGINE COUNT new|reuse | lossy ENGINE COUNT SECONDS | slow ENGINE pushed|bridged SECONDS | guarded ENGINE SCHEDULING | hostile line|prefix|loris|silent PORT COUNT");
    return 2;
}

await using var port = CompletionPort.Create(new CompletionPortOptions
{
    Engine = Enum.Parse<EngineKind>(engine),
    Scheduling = Enum.Parse<CompletionScheduling>(scheduling),
});
port.UnhandledException += static (_, failure) => Console.Error.WriteLine(failure.ExceptionObject);
await WarmUpAsync(port);
OpenFiles.Limit((ulong)Directory.GetFiles("/proc/self/fd").Length + 20);

// After the limit was lowered: io_uring reads it when an accept is armed, not when a connection comes.
await using RxListener listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { CompletionPort = port });
Console.WriteLine(((IPEndPoint)listener.LocalEndPoint).Port);
Task serving = listener.AcceptAllAsync().ForEachConnectionAsync(GreetAsync);
Console.In.ReadToEnd();
Console.WriteLine(listener.AcceptPauses);
await listener.DisposeAsync();
await serving;
return 0;

static async Task GreetAsync(RxConnection connection)
{
    await connection.SendAsync("k"u8.ToArray());
    await connection.ReceiveAsync(new byte[1]);
}

// The runtime needs descriptors of its own: to load an assembly, and for every thread it starts (a pipe). Without one it ends the process with "Out of
// memory." So all code that will run has run, and all threads are there, before the limit is lowered.
static async Task WarmUpAsync(CompletionPort port)
{
    const int Threads = 6;
    ThreadPool.SetMinThreads(Threads, 1);
    ThreadPool.SetMaxThreads(Threads, 1);
    using var together = new Barrier(Threads);
    await Task.WhenAll(Enumerable.Range(0, Threads).Select(_ => Task.Run(together.SignalAndWait)));
    await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
    _ = new SocketException((int)SocketError.TooManyOpenSockets).ToString();
    await using RxListener listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { CompletionPort = port });
    Task serving = listener.AcceptAllAsync().ForEachConnectionAsync(GreetAsync);
    for (int round = 0; round < 20; round++)
    {
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndPoint);
        await client.ReceiveAsync(new byte[1]);
    }

    await listener.DisposeAsync();
    await serving;
    GC.Collect();
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
