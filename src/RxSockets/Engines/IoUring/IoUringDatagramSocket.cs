using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Buffers;
using RxSockets.Native.Linux;
using RxSockets.Operations;
using static RxSockets.Native.Linux.LinuxConstants;

namespace RxSockets.Engines.IoUring;

/// <summary>
/// A bound datagram descriptor on a loop. As with <see cref="IoUringSocket"/>, what may tell the sink at once is posted, and a close cancels what is in flight
/// and waits for its last completion before the descriptor is closed.
/// </summary>
internal sealed unsafe class IoUringDatagramSocket : EngineDatagramSocket
{
    private const int ReceiveCommand = 1;
    private const int StopCommand = 2;
    private const int SendCommand = 4;
    private const int CancelSendCommand = 8;
    private const int CloseCommand = 16;

    private readonly Node _node;
    private readonly DatagramReceiveRequest _receive;
    private readonly DatagramSendRequest _send;
    private UnownedDescriptor? _handle;
    private bool _closeSubmitted;
    // Sends started, and the one a cancel was asked for: as in IoUringSocket.
    private int _writes;
    private int _cancelledWrite;

    public IoUringDatagramSocket(IoUringLoop loop, DatagramRequest request)
    {
        Loop = loop;
        Descriptor = Check(LinuxSocket.Create(request.Local, SOCK_DGRAM), "socket");
        try
        {
            LocalEndPoint = Bind(Descriptor, request);
        }
        catch
        {
            _ = Libc.close(Descriptor);
            throw;
        }

        _node = new Node(this);
        _receive = new DatagramReceiveRequest(this, request.MaxDatagramSize);
        _send = new DatagramSendRequest(this);
        loop.SocketAdded();
    }

    public IoUringLoop Loop { get; }

    public int Descriptor { get; }

    public IDatagramSink Sink { get; private set; } = null!;

    /// <summary>On the loop's thread: closing began, nothing is started again.</summary>
    public bool IsClosing { get; private set; }

    public override IPEndPoint LocalEndPoint { get; }

    public override SafeHandle Handle => _handle ??= new UnownedDescriptor(Descriptor);

    public override void Attach(IDatagramSink sink) => Sink = sink;

    public override ReceiveStart StartReceive(out BufferLease? datagram, out SocketError error)
    {
        datagram = null;
        error = SocketError.Success;
        // The first one may have to make the buffers, and fail at once: that is told from the queue, not from in here.
        if (Loop.IsCurrent && _receive.HasBuffers)
            _receive.Submit();
        else
            Loop.Post(_node, ReceiveCommand);
        return ReceiveStart.Pending;
    }

    public override void StopReceive()
    {
        // At once where that tells nobody: posted, it would come behind the next burst.
        if (!Loop.IsCurrent || !_receive.TryStopArmed())
            Loop.Post(_node, StopCommand);
    }

    public override bool StartSend(DatagramBatch batch, out int sent, out SocketError error)
    {
        sent = 0;
        error = SocketError.Success;
        Volatile.Write(ref _writes, _writes + 1);
        _send.Begin(batch);
        // A datagram hardly ever has to wait, so trying costs one call and saves a completion. Only a loop that is awake is cheaper to ask.
        bool isCurrent = Loop.IsCurrent;
        if ((isCurrent || Loop.IsSleeping) && _send.TryNow(out error))
        {
            sent = _send.Sent;
            return false;
        }

        if (isCurrent)
            _send.Submit();
        else
            Loop.Post(_node, SendCommand);
        return true;
    }

    public override void CancelSend()
    {
        Volatile.Write(ref _cancelledWrite, _writes);
        Loop.Post(_node, CancelSendCommand);
    }

    public override SocketError Connect(SocketAddress remote)
    {
        Loop.Statistics.Submitted(Verb.Connect);
        Loop.Statistics.Completed(Verb.Connect);
        fixed (byte* address = remote.Buffer.Span)
            return ErrnoMap.ToSocketError(-LinuxSocket.Connect(Descriptor, address, (uint)remote.Size));
    }

    public override void Close() => Loop.Post(_node, CloseCommand);

    public override int GetOption(SocketOptionLevel level, SocketOptionName name)
    {
        (int nativeLevel, int nativeName) = Mapped(level, name);
        Check(LinuxSocket.GetOption(Descriptor, nativeLevel, nativeName, out int value), $"getting {name}");
        return value;
    }

    public override void SetOption(SocketOptionLevel level, SocketOptionName name, int value)
    {
        (int nativeLevel, int nativeName) = Mapped(level, name);
        Check(LinuxSocket.SetOption(Descriptor, nativeLevel, nativeName, value), $"setting {name}");
    }

    public override void SetMembership(bool join, IPAddress group, int interfaceIndex) =>
        Check(LinuxMulticast.SetMembership(Descriptor, join, group, interfaceIndex), $"{(join ? "joining" : "leaving")} {group}");

    public override void SetMulticastInterface(AddressFamily family, int interfaceIndex) =>
        Check(LinuxMulticast.SetInterface(Descriptor, family, interfaceIndex), "setting the multicast interface");

    public override void Schedule(CompletionWork work) => Loop.Schedule(work);

    /// <summary>On the loop's thread: a request ended; when it was the last one of a closing socket, the descriptor is closed.</summary>
    public void FinishCloseIfIdle()
    {
        if (!IsClosing || _closeSubmitted || _receive.InFlight || _send.InFlight)
            return;
        _closeSubmitted = true;
        _handle?.SetHandleAsInvalid();
        _receive.SubmitClose();
    }

    /// <summary>On the loop's thread: the descriptor is closed.</summary>
    public void OnDescriptorClosed()
    {
        Loop.Requests.Remove(_receive);
        Loop.Requests.Remove(_send);
        _receive.Free();
        _send.Free();
        Loop.SocketRemoved();
        Sink.OnClosed();
    }

    private static IPEndPoint Bind(int descriptor, DatagramRequest request)
    {
        AddressFamily family = request.Local.AddressFamily;
        if (family == AddressFamily.InterNetworkV6)
            Check(LinuxSocket.SetOption(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, request.DualMode ? 0 : 1), "IPV6_V6ONLY");
        if (request.ReuseAddress)
            Check(LinuxSocket.SetOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1), "SO_REUSEADDR");
        if (request.Broadcast)
            Check(LinuxSocket.SetOption(descriptor, SOL_SOCKET, SO_BROADCAST, 1), "SO_BROADCAST");
        if (request.ReceiveBufferSize > 0)
            Check(LinuxSocket.SetOption(descriptor, SOL_SOCKET, SO_RCVBUF, request.ReceiveBufferSize), "SO_RCVBUF");
        if (request.SendBufferSize > 0)
            Check(LinuxSocket.SetOption(descriptor, SOL_SOCKET, SO_SNDBUF, request.SendBufferSize), "SO_SNDBUF");
        LinuxMulticast.OnlyOwnGroups(descriptor, family);
        Check(LinuxSocket.Bind(descriptor, request.Local), $"binding to {request.Local}");
        Check(LinuxSocket.GetName(descriptor, peer: false, out EndPoint? name), "getsockname");
        return (IPEndPoint)name!;
    }

    private static int Check(int result, string doing) => result >= 0 ? result : throw LinuxSocket.Error(result, doing);

    private static (int Level, int Name) Mapped(SocketOptionLevel level, SocketOptionName name) =>
        LinuxSocket.MapOption(level, name) ?? throw new SocketException((int)SocketError.ProtocolOption);

    private void Execute(int commands)
    {
        if (_closeSubmitted)
            return;
        if ((commands & ReceiveCommand) != 0)
            _receive.SubmitOrFail();
        if ((commands & SendCommand) != 0)
            _send.Submit();
        if ((commands & StopCommand) != 0)
            _receive.Stop();
        if ((commands & CancelSendCommand) != 0 && Volatile.Read(ref _cancelledWrite) == Volatile.Read(ref _writes))
            _send.Cancel();
        if ((commands & CloseCommand) == 0)
            return;
        IsClosing = true;
        _receive.Stop();
        _send.Cancel();
        FinishCloseIfIdle();
    }

    private sealed class Node(IoUringDatagramSocket socket) : LoopNode
    {
        public override void Execute(int commands) => socket.Execute(commands);
    }
}
