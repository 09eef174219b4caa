using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Buffers;
using RxSockets.Engines;
using RxSockets.Operations;

namespace RxSockets.Tests.Testing;

/// <summary>A datagram socket of <see cref="FakeEngine"/>: records what is started, and lets the test bring the completions.</summary>
internal sealed class FakeDatagramSocket(FakeEngine engine) : EngineDatagramSocket
{
    private readonly BufferPool _pool = new(bufferSize: 512, maxBytes: 65536);

    public IDatagramSink Sink { get; private set; } = null!;

    public bool ReceiveStarted { get; private set; }

    public int StopsAsked { get; private set; }

    public List<byte[]> Sending { get; } = [];

    public bool SendStarted { get; private set; }

    public bool SendCancelAsked { get; private set; }

    public int Connects { get; private set; }

    public bool Closed { get; private set; }

    public override IPEndPoint LocalEndPoint { get; } = new(IPAddress.Loopback, 1);

    public override SafeHandle Handle => throw new NotSupportedException();

    public override void Attach(IDatagramSink sink) => Sink = sink;

    public override ReceiveStart StartReceive(out BufferLease? datagram, out SocketError error)
    {
        Assert.False(ReceiveStarted);
        datagram = null;
        error = SocketError.Success;
        ReceiveStarted = true;
        return ReceiveStart.Pending;
    }

    public override void StopReceive() => StopsAsked++;

    public override bool StartSend(DatagramBatch batch, out int sent, out SocketError error)
    {
        Assert.False(SendStarted);
        sent = 0;
        error = SocketError.Success;
        for (int i = 0; i < batch.Count; i++)
            Sending.Add([.. batch.PiecesOf(i).ToArray().SelectMany(static piece => piece.ToArray())]);
        SendStarted = true;
        return true;
    }

    public override void CancelSend() => SendCancelAsked = true;

    public override SocketError Connect(SocketAddress remote)
    {
        Assert.False(SendStarted);
        Connects++;
        return SocketError.Success;
    }

    public override void Close() => Closed = true;

    public override int GetOption(SocketOptionLevel level, SocketOptionName name) => 0;

    public override void SetOption(SocketOptionLevel level, SocketOptionName name, int value)
    {
    }

    public override void SetMembership(bool join, IPAddress group, int interfaceIndex)
    {
    }

    public override void SetMulticastInterface(AddressFamily family, int interfaceIndex)
    {
    }

    public override void Schedule(CompletionWork work) => engine.Schedule(work);

    /// <summary>From 127.0.0.1:7.</summary>
    public void BringDatagram(byte[] payload, bool more = true)
    {
        Assert.True(ReceiveStarted);
        ReceiveStarted = more;
        BufferLease buffer = _pool.TryRent()!;
        SocketAddress sender = new IPEndPoint(IPAddress.Loopback, 7).Serialize();
        sender.Buffer.Span[..sender.Size].CopyTo(buffer.Memory.Span[DatagramLayout.AddressOffset..]);
        payload.CopyTo(buffer.Memory.Span[DatagramLayout.PayloadOffset..]);
        buffer.FillDatagram(sender.Size, payload.Length, truncated: false);
        Sink.OnReceived(buffer, more);
    }

    public void BringStop(SocketError error = SocketError.Success)
    {
        Assert.True(ReceiveStarted);
        ReceiveStarted = false;
        Sink.OnReceiveStopped(error);
    }

    public void BringSent(int datagrams, SocketError error = SocketError.Success)
    {
        Assert.True(SendStarted);
        SendStarted = false;
        Sending.Clear();
        Sink.OnSendCompleted(datagrams, error);
    }

    public void BringClosed()
    {
        Assert.True(Closed && !ReceiveStarted && !SendStarted);
        Sink.OnClosed();
    }
}
