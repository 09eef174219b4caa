using System.Net.Sockets;
using RxSockets.Engines.Managed;
using RxSockets.Sockets;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>
/// A socket of the kernel and a connection of the simulation that are one connection to whoever is at their ends. Each direction reads a small buffer and writes it whole
/// before it reads again: what is not taken is not read. FIN goes behind the bytes; a reset of either ends both.
/// </summary>
internal sealed class GatewayLink(Socket kernel, RxConnection simulated)
{
    private const int BufferBytes = 16384;

    // Looks in a row that found a write waiting: nobody reads at the other end, and what lies here is lost with the reset, as it would be in a kernel's buffers.
    private const int StuckLooks = 5;

    private readonly SimulatedSocket _socket = (SimulatedSocket)((IConnectionHolder)simulated).Core.Socket;
    private readonly Direction _inward = new();
    private readonly Direction _outward = new();
    private int _broken;

    public async Task RunAsync()
    {
        await Task.WhenAll(GuardedAsync(InwardAsync), GuardedAsync(OutwardAsync));
        await simulated.DisposeAsync();
        kernel.Dispose();
    }

    /// <summary>Resets both ends.</summary>
    public void Break()
    {
        if (Interlocked.Exchange(ref _broken, 1) != 0)
            return;
        simulated.Abort();
        try
        {
            kernel.Reset();
        }
        catch (ObjectDisposedException)
        {
            // Both directions had ended meanwhile.
        }
    }

    /// <summary>Now and then: a reset that neither direction is receiving for.</summary>
    public void Look()
    {
        _inward.Look();
        _outward.Look();
        if ((_outward.Ended || _outward.Stuck >= StuckLooks) && IsSimulatedReset())
            Break();
        // Once both FINs are out, a connection that ended in order looks the same.
        else if (!_outward.Ended && (_inward.Ended || _inward.Stuck >= StuckLooks) && ManagedSockets.IsReset(kernel))
            Break();
    }

    private async Task InwardAsync()
    {
        await PumpAsync(bytes => kernel.ReceiveAsync(bytes), bytes => simulated.SendAsync(bytes), _inward);
        // Linux tells a reset once: where the other direction's send had it, this is what the receive reads.
        if (!_outward.Ended && ManagedSockets.IsReset(kernel))
        {
            Break();
            return;
        }

        _inward.Ended = true;
        await simulated.CompleteWritesAsync();
    }

    private async Task OutwardAsync()
    {
        await PumpAsync(bytes => simulated.ReceiveAsync(bytes), async bytes => await kernel.SendAsync(bytes), _outward);
        _outward.Ended = true;
        kernel.Shutdown(SocketShutdown.Send);
    }

    private static async Task PumpAsync(Func<Memory<byte>, ValueTask<int>> receive, Func<ReadOnlyMemory<byte>, ValueTask> send, Direction direction)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(BufferBytes);
        while (await receive(buffer) is > 0 and var count)
        {
            direction.BeginWrite();
            await send(buffer.AsMemory(0, count));
            direction.EndWrite();
        }
    }

    private async Task GuardedAsync(Func<Task> direction)
    {
        // Not on the thread that accepted: it goes on with the next one.
        await Task.Yield();
        try
        {
            await direction();
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // A reset, or the other direction found one.
            Break();
        }
    }

    private bool IsSimulatedReset()
    {
        lock (_socket.Engine.Loop.Sync)
            return _socket.Incoming.ReaderError is not null;
    }

    private sealed class Direction
    {
        private volatile bool _writing;

        /// <summary>Its reader has found the FIN.</summary>
        public volatile bool Ended;

        /// <summary>Looks since the write that is under way began; only the one that looks counts.</summary>
        public int Stuck { get; private set; }

        public void BeginWrite() => _writing = true;

        public void EndWrite() => _writing = false;

        public void Look() => Stuck = _writing ? Stuck + 1 : 0;
    }
}
