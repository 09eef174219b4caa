using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using RxSockets.Testing;

namespace RxSockets.Tests.Engines.Iocp;

/// <summary>
/// Ports that are disposed with everything in flight, ten times in a row: no crash, no hang, no late completion, and as many handles as before.
/// RX_STRESS_CONNECTIONS: connections per round; the default keeps the suite short under Wine.
/// </summary>
[Collection(nameof(StressOnWindowsTests))]
[CollectionDefinition(nameof(StressOnWindowsTests), DisableParallelization = true)]
public partial class StressOnWindowsTests
{
    private const int Rounds = 10;

    [Theory]
    [InlineData(CompletionScheduling.Inline)]
    [InlineData(CompletionScheduling.ThreadPool)]
    [TestDeadline(300)]
    public async Task Ports_end_with_everything_in_flight_and_leave_no_handle(CompletionScheduling scheduling)
    {
        Assert.SkipUnless(OperatingSystem.IsWindows(), "Winsock is Windows'.");
        int connections = int.Parse(Environment.GetEnvironmentVariable("RX_STRESS_CONNECTIONS") ?? "100", System.Globalization.CultureInfo.InvariantCulture);
        // Twice to warm up: the runtime makes threads, events and timers of its own.
        await RoundAsync(scheduling, connections);
        await RoundAsync(scheduling, connections);
        int before = Handles();
        Assert.NotEqual(0, before);
        for (int round = 0; round < Rounds; round++)
            await RoundAsync(scheduling, connections);
        int after = await SettledAsync(before);
        // A pool thread more or less has a handful; one socket per round and connection would be a thousand and more.
        TestContext.Current.TestOutputHelper?.WriteLine($"{before} handles before, {after} after {Rounds} rounds of {connections} connections");
        Assert.InRange(after, 0, before + 30);
    }

    private static async Task RoundAsync(CompletionScheduling scheduling, int connections)
    {
        var port = CompletionPort.Create(new CompletionPortOptions { Engine = EngineKind.Iocp, Scheduling = scheduling, CloseTimeout = TimeSpan.FromSeconds(1) });
        RxListener listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { CompletionPort = port, Backlog = 2048 });
        Task serving = listener.AcceptAllAsync().ForEachConnectionAsync(
            static async connection =>
            {
                await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
                    await connection.SendAsync(segment.Memory);
            },
            static (_, _) => { });
        RxConnection[] clients = await Task.WhenAll(Enumerable.Range(0, connections)
            .Select(_ => RxConnection.ConnectAsync(listener.LocalEndPoint, "hello"u8.ToArray(), new ConnectOptions { CompletionPort = port }).AsTask()));
        byte[] large = new byte[1 << 20];
        Task[] ends = [.. clients.Select((client, i) => StormAsync(client, i, large))];
        await port.DisposeAsync();
        await Task.WhenAll(ends);
        await serving;
        Assert.Equal(0, port.Core.MemberCount);
        var engine = (RxSockets.Engines.Iocp.IocpEngine)port.Core.Engine;
        Assert.Equal(0, engine.Statistics.StaleCompletions);
        Assert.Equal(0, engine.RentedBlocks);
    }

    // Receives that are cancelled while data comes, sends that are cancelled half-way, aborts, and some that just wait.
    private static async Task StormAsync(RxConnection client, int number, byte[] large)
    {
        try
        {
            using var cancel = new CancellationTokenSource();
            Task<int> receiving = client.ReceiveAsync(new byte[16], cancel.Token).AsTask();
            if (number % 2 == 0)
                cancel.Cancel();
            if (number % 5 == 0)
                _ = client.SendAsync(large, cancel.Token).AsTask().ContinueWith(static task => task.Exception, TaskScheduler.Default);
            if (number % 7 == 0)
                client.Abort();
            await receiving;
            await client.ReceiveAsync(new byte[16]);
        }
        catch (Exception error) when (error is System.Net.Sockets.SocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // Whatever it was doing when the port ended.
        }
    }

    private static async Task<int> SettledAsync(int before)
    {
        int now = Handles();
        for (int i = 0; i < 100 && now > before; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            now = Handles();
        }

        return now;
    }

    // The list of processes tells how many there are on Windows; under Wine it tells the size of the table, which doubles, and GetProcessHandleCount
    // answers 0. There the table is looked through: every fourth number is a handle, or is none.
    private static unsafe int Handles()
    {
        using var process = Process.GetCurrentProcess();
        int count = process.HandleCount;
        if (!Wine.IsHere)
            return count;
        int open = 0;
        uint flags;
        for (int i = 1; i <= count; i++)
            open += GetHandleInformation(i * 4, &flags) != 0 ? 1 : 0;
        return open;
    }

    [LibraryImport("kernel32.dll")]
    private static unsafe partial int GetHandleInformation(nint handle, uint* flags);
}
