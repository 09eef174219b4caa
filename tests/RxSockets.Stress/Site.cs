using System.Collections.Concurrent;
using System.Net;
using Microsoft.Win32.SafeHandles;

namespace RxSockets.Stress;

/// <summary>The port under load, the server on it and the file that it transmits.</summary>
internal sealed class Site : IAsyncDisposable
{
    public const int FileBytes = 300_000;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly ConcurrentQueue<string> _failures = new();
    private readonly string _path = Path.GetTempFileName();
    private readonly RxListener _listener;
    private readonly Task _serving;

    public Site(EngineKind engine, CompletionScheduling scheduling)
    {
        Port = CompletionPort.Create(new CompletionPortOptions { Engine = engine, Scheduling = scheduling, MaxReceiveBufferBytes = 32 << 20 });
        Port.UnhandledException += (_, failure) => Fail($"unhandled: {failure.ExceptionObject}");
        TaskScheduler.UnobservedTaskException += (_, failure) => Fail($"unobserved: {failure.Exception}");
        new Random(3).NextBytes(FileContent);
        File.WriteAllBytes(_path, FileContent);
        Handle = File.OpenHandle(_path, options: FileOptions.SequentialScan);
        _listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { CompletionPort = Port });
        _serving = _listener.AcceptAllAsync().ForEachConnectionAsync(connection => Server.ServeAsync(this, connection), static (_, _) => { });
    }

    public CompletionPort Port { get; }

    public EndPoint EndPoint => _listener.LocalEndPoint;

    public byte[] FileContent { get; } = new byte[FileBytes];

    public SafeFileHandle Handle { get; }

    public IReadOnlyCollection<string> Failures => _failures;

    public void Fail(string what)
    {
        _failures.Enqueue(what);
        if (_failures.Count <= 20)
            Console.WriteLine($"FAILED: {what}");
    }

    public ValueTask<RxConnection> ConnectAsync(ReadOnlyMemory<byte> firstData) =>
        RxConnection.ConnectAsync(EndPoint, firstData, new ConnectOptions { CompletionPort = Port });

    /// <summary>All connections are closed and their buffers back; what is left is the listener.</summary>
    public async Task<Traces> SettleAsync()
    {
        long started = TimeProvider.System.GetTimestamp();
        while (Port.Core.MemberCount > 1 && TimeProvider.System.GetElapsedTime(started) < s_patience)
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        // A handle that was just closed is told closed before the engine has let its last request go.
        await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        return Traces.Take(Port);
    }

    /// <summary>Closes the port and says what it should have left behind and did not, or the other way round.</summary>
    public async Task CloseAsync()
    {
        await _listener.DisposeAsync();
        await _serving;
        await Port.DisposeAsync().AsTask().WaitAsync(s_patience);
        if (Port.Core.MemberCount != 0)
            Fail($"{Port.Core.MemberCount} members are left on the disposed port");
        if (Port.Core.Engine.Statistics.StaleCompletions is not 0 and long stale)
            Fail($"{stale} completions of a former life");
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        Handle.Dispose();
        File.Delete(_path);
    }
}
