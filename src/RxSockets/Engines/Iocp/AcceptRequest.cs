using System.Net;
using RxSockets.Buffers;
using RxSockets.Native.Windows;
using static RxSockets.Native.Windows.WindowsConstants;

namespace RxSockets.Engines.Iocp;

/// <summary>
/// One posted AcceptEx: the socket it will make a connection of, and the buffer for first data and addresses. Its listener's lock guards it. With first
/// data the last one posted is a sentry: it asks for no data, so it ends as soon as a client connects that found no other accept, and the
/// listener learns that more must be posted. The client's first data is then received by a WSARecv into the same place.
/// </summary>
internal sealed unsafe class AcceptRequest : IocpRequest, IBufferHome
{
    private readonly IocpListener _listener;
    private readonly BufferLease _lease;
    private readonly byte* _buffer;
    private readonly uint _receiveBytes;

    public AcceptRequest(IocpListener listener, IocpLoop loop, int firstDataBytes, int addressBytes)
        : base(loop)
    {
        _listener = listener;
        _receiveBytes = (uint)firstDataBytes;
        AddressBytes = (uint)addressBytes + 16;
        Node = new LinkedListNode<AcceptRequest>(this);
        Memory<byte> memory = PinnedMemory.Allocate(firstDataBytes + (2 * (int)AddressBytes));
        _lease = new BufferLease(this, memory[..firstDataBytes], index: -1);
        _buffer = (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref memory.Span[0]);
    }

    /// <summary>INVALID_HANDLE_VALUE between two accepts.</summary>
    public nint Socket { get; private set; } = INVALID_HANDLE_VALUE;

    /// <summary>Completion key, once the connection is bound to a loop.</summary>
    public nuint SocketKey { get; set; }

    /// <summary>The loop that the socket is bound to already: it is used again. Null for a new one.</summary>
    public IocpLoop? Home { get; private set; }

    public EndPoint? Local { get; private set; }

    public EndPoint? Remote { get; private set; }

    public long EstablishedAt { get; set; }

    /// <summary>Place in the listener's list, which holds what is in flight, oldest first.</summary>
    public LinkedListNode<AcceptRequest> Node { get; }

    /// <summary>16 more than the largest address of the family, as AcceptEx wants it.</summary>
    public uint AddressBytes { get; }

    public bool IsSentry { get; private set; }

    /// <summary>The connection is there, and its first data is received by a call of its own.</summary>
    public bool IsReceiving { get; private set; }

    /// <summary>When the silent client connected, on the port's clock; null: nobody connected, as far as is known.</summary>
    public long? ConnectedAt { get; set; }

    public bool IsCancelled { get; set; }

    /// <summary>Silent for too long, or one too many: it ends with a reset.</summary>
    public bool IsDropped { get; set; }

    /// <summary>Posts the accept. 0, or the error of making the socket or of the call.</summary>
    public int Post(IWinsock winsock, WinsockExtensions extensions, nint listener, nuint key, int family, bool sentry, IocpHandle? used)
    {
        IsSentry = sentry;
        IsReceiving = IsCancelled = IsDropped = false;
        ConnectedAt = null;
        Home = used?.Loop;
        SocketKey = used?.Key ?? 0;
        nint socket = used?.Socket ?? INVALID_HANDLE_VALUE;
        int code = used is null ? winsock.CreateSocket(family, SOCK_STREAM, WinsockSocket.StreamProtocol(family), out socket) : 0;
        if (code != 0)
            return code;
        used?.Detach();
        Socket = socket;
        OVERLAPPED* overlapped = Begin(key);
        code = extensions.AcceptEx(listener, socket, _buffer, sentry ? 0 : _receiveBytes, AddressBytes, AddressBytes, overlapped);
        if (code is 0 or Win32Error.ERROR_IO_PENDING)
            return 0;
        NotBegun();
        CloseSocket(winsock);
        return code;
    }

    /// <summary>Receives the first data of a client that came by the sentry. It overwrites the addresses, which were read before.</summary>
    public int Receive(IWinsock winsock)
    {
        IsReceiving = true;
        var vector = new WSABUF { buf = _buffer, len = _receiveBytes };
        uint received = 0;
        OVERLAPPED* overlapped = Begin(SocketKey);
        int code = winsock.Receive(Socket, &vector, 1, &received, overlapped);
        if (code is 0 or Win32Error.ERROR_IO_PENDING)
            return 0;
        NotBegun();
        return code;
    }

    /// <summary>Has the accepted socket inherit from the listener, and know its names.</summary>
    public int UpdateContext(IWinsock winsock, nint listener) =>
        winsock.SetOption(Socket, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, &listener, sizeof(nint));

    /// <summary>Asks for the end; an accept in flight is the listener's, the receive behind it the accepted socket's.</summary>
    public void Cancel(IWinsock winsock, nint listener) => _ = winsock.Cancel(IsReceiving ? Socket : listener, Overlapped);

    /// <summary>Takes the two endpoints out of the buffer, after AcceptEx completed.</summary>
    public void ReadAddresses(WinsockExtensions extensions)
    {
        extensions.GetAcceptExSockaddrs(
            _buffer, IsSentry ? 0 : _receiveBytes, AddressBytes, AddressBytes, out nint local, out int localLength, out nint remote, out int remoteLength);
        Local = WinsockAddress.Read((byte*)local, localLength);
        Remote = WinsockAddress.Read((byte*)remote, remoteLength);
    }

    /// <summary>The first data as a buffer; it comes home to the listener when nobody holds it any more, and may be posted again then.</summary>
    public BufferLease TakeFirstData(int bytes)
    {
        // Whoever holds the buffer may outlive the loop, which the block must not.
        ReturnBlock();
        _lease.Fill(bytes, holder: null);
        return _lease;
    }

    /// <summary>Hands over the socket.</summary>
    public nint TakeSocket()
    {
        nint socket = Socket;
        Socket = INVALID_HANDLE_VALUE;
        return socket;
    }

    public void CloseSocket(IWinsock winsock)
    {
        if (Socket == INVALID_HANDLE_VALUE)
            return;
        if (IsDropped)
            WinsockSocket.SetReset(winsock, Socket);
        _ = winsock.Close(Socket);
        Socket = INVALID_HANDLE_VALUE;
    }

    public override void OnCompletion(uint status, uint bytes) => _listener.OnCompletion(this, WinsockErrors.FromStatus(status), (int)bytes);

    void IBufferHome.GiveBack(BufferLease buffer) => _listener.Recycle(this);
}
