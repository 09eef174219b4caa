using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Buffers;
using RxSockets.Operations;

namespace RxSockets.Engines.Managed;

/// <summary>A bound UDP System.Net.Sockets.Socket. As <see cref="ManagedSocket"/>: closed when Close was called and nothing is in flight.</summary>
internal sealed class ManagedDatagramSocket : EngineDatagramSocket
{
    private readonly ManagedDatagramReceive _receive;
    private readonly ManagedDatagramSend _send;

    public ManagedDatagramSocket(ManagedEngine engine, DatagramRequest request)
    {
        Engine = engine;
        InFlight = new ManagedInFlight(engine, new ClosedWork(this));
        Socket = new Socket(request.Local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (request.Local.AddressFamily == AddressFamily.InterNetworkV6)
                Socket.DualMode = request.DualMode;
            if (request.ReuseAddress)
                Socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            if (request.Broadcast)
                Socket.EnableBroadcast = true;
            if (request.ReceiveBufferSize > 0)
                Socket.ReceiveBufferSize = request.ReceiveBufferSize;
            if (request.SendBufferSize > 0)
                Socket.SendBufferSize = request.SendBufferSize;
            ManagedMulticast.OnlyOwnGroups(Socket);
            Socket.Bind(request.Local);
            LocalEndPoint = (IPEndPoint)Socket.LocalEndPoint!;
        }
        catch
        {
            Socket.Dispose();
            throw;
        }

        _receive = new ManagedDatagramReceive(this, request.MaxDatagramSize);
        _send = new ManagedDatagramSend(this);
    }

    public ManagedEngine Engine { get; }

    public Socket Socket { get; }

    public ManagedInFlight InFlight { get; }

    public IDatagramSink Sink { get; private set; } = null!;

    public bool IsClosing => InFlight.IsClosing;

    public override IPEndPoint LocalEndPoint { get; }

    public override SafeHandle Handle => Socket.SafeHandle;

    public override void Attach(IDatagramSink sink) => Sink = sink;

    public override ReceiveStart StartReceive(out BufferLease? datagram, out SocketError error)
    {
        Engine.Statistics.Submitted(Verb.Receive);
        InFlight.Begin();
        ReceiveStart start = _receive.Start(out datagram, out error);
        if (start != ReceiveStart.Pending)
            InFlight.End();
        return start;
    }

    /// <summary>A receive cannot be taken back; the one in flight is bounded by its one buffer, and what it brings is kept.</summary>
    public override void StopReceive()
    {
    }

    public override bool StartSend(DatagramBatch batch, out int sent, out SocketError error)
    {
        Engine.Statistics.Submitted(Verb.Send);
        InFlight.Begin();
        if (_send.Start(batch, out sent, out error))
            return true;
        InFlight.End();
        return false;
    }

    public override void CancelSend() => _send.Cancel();

    public override SocketError Connect(SocketAddress remote)
    {
        Engine.Statistics.Submitted(Verb.Connect);
        Engine.Statistics.Completed(Verb.Connect);
        try
        {
            Socket.Connect(LocalEndPoint.Create(remote));
            return SocketError.Success;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode;
        }
    }

    public override void Close()
    {
        InFlight.BeginClose();
        Socket.Dispose();
        _receive.Close();
        InFlight.TellClosedIfIdle();
    }

    public override int GetOption(SocketOptionLevel level, SocketOptionName name) => (int)Socket.GetSocketOption(level, name)!;

    public override void SetOption(SocketOptionLevel level, SocketOptionName name, int value) => Socket.SetSocketOption(level, name, value);

    public override void SetMembership(bool join, IPAddress group, int interfaceIndex) =>
        ManagedMulticast.SetMembership(Socket, join, group, interfaceIndex);

    public override void SetMulticastInterface(AddressFamily family, int interfaceIndex) =>
        ManagedMulticast.SetInterface(Socket, family, interfaceIndex);

    public override void Schedule(CompletionWork work) => Engine.Schedule(work);

    private sealed class ClosedWork(ManagedDatagramSocket socket) : CompletionWork
    {
        public override void Run()
        {
            socket.Engine.Statistics.Completed(Verb.Close);
            socket.Sink.OnClosed();
        }
    }
}
