using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Buffers;
using RxSockets.Operations;
using static RxSockets.Native.Windows.WindowsConstants;

namespace RxSockets.Engines.Iocp;

/// <summary>
/// A bound datagram handle on a loop. As with <see cref="IocpSocket"/>: what is asked is done on the asking thread, what comes of it is told from the loop's.
/// Close: CancelIoEx, the packet of everything in flight, closesocket, then the blocks go back.
/// </summary>
internal sealed unsafe class IocpDatagramSocket : EngineDatagramSocket, ICancellable
{
    private const int CloseCommand = 1;
    private const int CancelSendCommand = 2;

    private readonly IocpEngine _engine;
    private readonly Node _node;
    private readonly IocpDatagramReceive _receive;
    private readonly IocpDatagramSend _send;
    private UnownedSocket? _safeHandle;
    private bool _closing;
    private bool _closed;
    // Sends started, and the one a cancel was asked for; under the lock.
    private int _writes;
    private int _cancelledWrite;

    public IocpDatagramSocket(IocpEngine engine, IocpLoop loop, DatagramRequest request)
    {
        _engine = engine;
        Loop = loop;
        int family = WinsockAddress.Family(request.Local);
        Check(Winsock.CreateSocket(family, SOCK_DGRAM, IPPROTO_UDP, out nint socket), "socket");
        Native = socket;
        try
        {
            Bind(family, request);
            LocalEndPoint = (IPEndPoint)WinsockSocket.Name(Winsock, socket, peer: false)!;
            Check(WinsockSocket.SetNonBlocking(Winsock, socket), "FIONBIO");
            Check(loop.Associate(socket, out nuint key), "CreateIoCompletionPort");
            Key = key;
            Extensions = engine.Extensions(family, SOCK_DGRAM, IPPROTO_UDP, socket);
        }
        catch
        {
            _ = Winsock.Close(socket);
            throw;
        }

        _node = new Node(this);
        int posted = Math.Min(IocpDatagramReceive.MostPosted, Math.Min(request.ReceiveLimit, engine.Options.ReceiveBuffers));
        _receive = new IocpDatagramReceive(this, request.MaxDatagramSize, posted);
        _send = new IocpDatagramSend(this);
        loop.SocketAdded();
    }

    public IocpLoop Loop { get; }

    public IWinsock Winsock => _engine.Winsock;

    public WinsockExtensions Extensions { get; }

    public TransmitLimit Transmits => _engine.Transmits;

    public nint Native { get; }

    public nuint Key { get; }

    /// <summary>Guards what is in flight and whether anything may be started.</summary>
    public Lock Sync { get; } = new();

    public IDatagramSink Sink { get; private set; } = null!;

    /// <summary>Under the lock: closing began, nothing is started again.</summary>
    public bool IsClosing => _closing;

    /// <summary>The longest datagram of the family.</summary>
    public int MostBytes => LocalEndPoint.AddressFamily == AddressFamily.InterNetwork ? DatagramLayout.LargestPayloadOfIp4 : DatagramLayout.LargestPayload;

    public override IPEndPoint LocalEndPoint { get; }

    public override SafeHandle Handle => _safeHandle ??= new UnownedSocket(Native);

    public override void Attach(IDatagramSink sink) => Sink = sink;

    public override ReceiveStart StartReceive(out BufferLease? datagram, out SocketError error)
    {
        datagram = null;
        error = SocketError.Success;
        _receive.Start();
        return ReceiveStart.Pending;
    }

    public override void StopReceive() => _receive.Stop();

    public override bool StartSend(DatagramBatch batch, out int sent, out SocketError error)
    {
        lock (Sync)
        {
            _writes++;
            return _send.Start(batch, out sent, out error);
        }
    }

    // On the loop's thread, as with IocpSocket.
    public override void CancelSend()
    {
        lock (Sync)
            _cancelledWrite = _writes;
        Loop.Post(_node, CancelSendCommand);
    }

    public override SocketError Connect(SocketAddress remote)
    {
        Loop.Statistics.Submitted(Verb.Connect);
        Loop.Statistics.Completed(Verb.Connect);
        byte* address = stackalloc byte[DatagramLayout.AddressBytes];
        int length = WinsockAddress.Copy(remote, address);
        int code = Winsock.Connect(Native, address, length);
        if (code == 0)
            HearUnreachable(true);
        return WinsockErrors.FromCode(code);
    }

    public override void Close()
    {
        lock (Sync)
        {
            if (_closing)
                return;
            Loop.Statistics.Submitted(Verb.Close);
            _closing = true;
            if (IsBusy)
            {
                Loop.Statistics.Submitted(Verb.Cancel);
                _ = Winsock.Cancel(Native, null);
                Loop.WatchCancelled(this);
            }
        }

        Loop.Post(_node, CloseCommand);
    }

    public override int GetOption(SocketOptionLevel level, SocketOptionName name)
    {
        Check(WinsockSocket.GetOption(Winsock, Native, (int)level, (int)name, out int value), $"getting {name}");
        return value;
    }

    // The enumerations of System.Net.Sockets are Winsock's numbers.
    public override void SetOption(SocketOptionLevel level, SocketOptionName name, int value) =>
        Check(WinsockSocket.SetOption(Winsock, Native, (int)level, (int)name, value), $"setting {name}");

    public override void SetMembership(bool join, IPAddress group, int interfaceIndex) =>
        Check(WinsockMulticast.SetMembership(Winsock, Native, join, group, interfaceIndex), $"{(join ? "joining" : "leaving")} {group}");

    public override void SetMulticastInterface(AddressFamily family, int interfaceIndex) =>
        Check(WinsockMulticast.SetInterface(Winsock, Native, family, interfaceIndex), "setting the multicast interface");

    public override void Schedule(CompletionWork work) => Loop.Schedule(work);

    bool ICancellable.CancelAgain()
    {
        lock (Sync)
        {
            if (_closed || !IsBusy)
                return false;
            _ = Winsock.Cancel(Native, null);
            return true;
        }
    }

    /// <summary>On the loop's thread: something ended; when it was the last of a closing socket, the handle is closed.</summary>
    public void FinishCloseIfIdle()
    {
        lock (Sync)
        {
            if (!_closing || _closed || IsBusy)
                return;
            _closed = true;
            _safeHandle?.SetHandleAsInvalid();
            _ = Winsock.Close(Native);
        }

        _receive.Free();
        _send.Free();
        Loop.SocketRemoved();
        Loop.Statistics.Completed(Verb.Close);
        Sink.OnClosed();
    }

    private bool IsBusy => _receive.InFlight || _send.InFlight;

    private void Bind(int family, DatagramRequest request)
    {
        if (family == AF_INET6)
            Set(IPPROTO_IPV6, IPV6_V6ONLY, request.DualMode ? 0 : 1, "IPV6_V6ONLY");
        // Without the one or the other, another program may bind the same port with SO_REUSEADDR, and take the datagrams.
        Set(SOL_SOCKET, request.ReuseAddress ? SO_REUSEADDR : SO_EXCLUSIVEADDRUSE, 1, request.ReuseAddress ? "SO_REUSEADDR" : "SO_EXCLUSIVEADDRUSE");
        if (request.Broadcast)
            Set(SOL_SOCKET, SO_BROADCAST, 1, "SO_BROADCAST");
        if (request.ReceiveBufferSize > 0)
            Set(SOL_SOCKET, SO_RCVBUF, request.ReceiveBufferSize, "SO_RCVBUF");
        if (request.SendBufferSize > 0)
            Set(SOL_SOCKET, SO_SNDBUF, request.SendBufferSize, "SO_SNDBUF");
        HearUnreachable(false);
        Check(WinsockSocket.Bind(Winsock, Native, request.Local), $"binding to {request.Local}");
    }

    // Windows would tell an unconnected socket, in a receive, that somebody it has sent to is gone, without saying who. As on other systems only a connected
    // one hears of it. A provider that knows no such switch has its way: such an error ends nothing.
    private void HearUnreachable(bool on)
    {
        _ = Winsock.Set(Native, SIO_UDP_CONNRESET, on ? 1u : 0);
        _ = Winsock.Set(Native, SIO_UDP_NETRESET, on ? 1u : 0);
    }

    private void Set(int level, int name, int value, string option) => Check(WinsockSocket.SetOption(Winsock, Native, level, name, value), option);

    private static void Check(int code, string doing)
    {
        if (code != 0)
            throw WinsockSocket.Error(code, doing);
    }

    private void CancelWrite()
    {
        lock (Sync)
        {
            if (_cancelledWrite == _writes)
                _send.Cancel();
        }
    }

    private sealed class Node(IocpDatagramSocket socket) : LoopNode
    {
        public override void Execute(int commands)
        {
            if ((commands & CancelSendCommand) != 0)
                socket.CancelWrite();
            if ((commands & CloseCommand) == 0)
                return;
            socket._receive.EndIfParked();
            socket.FinishCloseIfIdle();
        }
    }
}
