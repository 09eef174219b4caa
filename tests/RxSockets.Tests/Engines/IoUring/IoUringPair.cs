using System.Net;
using System.Net.Sockets;
using RxSockets.Engines.IoUring;
using RxSockets.Operations;

namespace RxSockets.Tests.Engines.IoUring;

/// <summary>A connection on an io_uring engine of one loop, inline; the plain socket at its other end; and the loop's thread, to be held or waited for.</summary>
internal sealed class IoUringPair : IAsyncDisposable
{
    private readonly CompletionPort _port;

    private IoUringPair(CompletionPort port, RxConnection connection, Socket peer) => (_port, Connection, Peer) = (port, connection, peer);

    public RxConnection Connection { get; }

    public Socket Peer { get; }

    public IoUringEngine Engine => (IoUringEngine)_port.Core.Engine;

    public static async Task<IoUringPair> OpenAsync()
    {
        if (EngineSelector.WhyNot(EngineKind.IoUring) is { } reason)
            Assert.Skip("io_uring cannot run here: " + reason);
        var port = CompletionPort.Create(new CompletionPortOptions
        {
            Engine = EngineKind.IoUring, Loops = 1, Scheduling = CompletionScheduling.Inline, CloseTimeout = TimeSpan.FromSeconds(1),
        });
        await using RxListener listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { CompletionPort = port });
        ValueTask<RxConnection> accepting = listener.AcceptAsync();
        var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await peer.ConnectAsync(listener.LocalEndPoint);
        return new IoUringPair(port, await accepting, peer);
    }

    /// <summary>Ends when the loop has done what was asked of it before.</summary>
    public async Task LoopCaughtUpAsync()
    {
        using var nothing = new ManualResetEventSlim(initialState: true);
        await Hold(nothing);
        await Hold(nothing);
    }

    /// <summary>Keeps the loop's thread until the event is set; ends when it is held.</summary>
    public Task Hold(ManualResetEventSlim until)
    {
        var work = new Holding(until);
        Engine.Schedule(work);
        return work.Held.WaitAsync(TimeSpan.FromSeconds(20));
    }

    public async ValueTask DisposeAsync()
    {
        Connection.Abort();
        Peer.Dispose();
        await _port.DisposeAsync();
    }

    private sealed class Holding(ManualResetEventSlim until) : CompletionWork
    {
        private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Held => _held.Task;

        public override void Run()
        {
            _held.SetResult();
            until.Wait(TimeSpan.FromSeconds(30));
        }
    }
}
