using System.Collections.Concurrent;
using System.Net;
using RxSockets.Engines.Iocp;
using RxSockets.Native.Windows;
using static RxSockets.Native.Windows.WindowsConstants;

namespace RxSockets.Tests.Engines.Iocp;

/// <summary>What a call of the fake answers.</summary>
internal readonly record struct FakeAnswer(int Code, uint? Status = null, uint Bytes = 0)
{
    /// <summary>ERROR_IO_PENDING; the test brings the completion.</summary>
    public static readonly FakeAnswer Pending = new(Win32Error.ERROR_IO_PENDING);

    /// <summary>The call fails, and there is no packet.</summary>
    public static FakeAnswer Fails(int code) => new(code);

    /// <summary>The call returns TRUE (or 0), and there is a packet all the same: skip-on-success is not used.</summary>
    public static FakeAnswer AtOnce(uint bytes = 0) => new(0, NtStatus.STATUS_SUCCESS, bytes);

    /// <summary>The call fails, and there is a packet all the same: so some providers have it where the status is a warning.</summary>
    public static FakeAnswer FailsWithPacket(int code, uint status, uint bytes) => new(code, status, bytes);

    /// <summary>The call pends, and its packet comes by itself.</summary>
    public static FakeAnswer Completes(uint bytes = 0, uint status = NtStatus.STATUS_SUCCESS) => new(Win32Error.ERROR_IO_PENDING, status, bytes);
}

/// <summary>One call into the fake: its name, the handle, and what it was given, as text.</summary>
internal sealed record FakeCall(string Name, nint Handle, string Arguments)
{
    public nint Overlapped { get; init; }

    public override string ToString() => Arguments.Length == 0 ? Name : $"{Name} {Arguments}";
}

/// <summary>
/// Winsock in memory: ports, sockets that only have options, and a record of every call in order. Runs on every system, with the extension functions of
/// <see cref="FakeExtensions"/> behind real function pointers. Overlapped calls answer what <see cref="Answer"/> says; the default pends.
/// </summary>
internal sealed unsafe class FakeWinsock : IWinsock
{
    private static readonly ConcurrentDictionary<nint, FakeWinsock> s_owners = new();
    private static long s_lastHandle = 1000;

    private readonly ConcurrentDictionary<nint, BlockingCollection<OVERLAPPED_ENTRY>> _ports = new();
    private readonly ConcurrentDictionary<nint, (nint Port, nuint Key)> _associated = new();
    private readonly ConcurrentDictionary<(nint Socket, int Name), int> _options = new();
    private readonly ConcurrentDictionary<nint, (nint Handle, nuint Key)> _pending = new();
    private readonly BlockingCollection<FakeCall> _calls = [];

    /// <summary>What an overlapped call (or any other, by name) answers.</summary>
    public Func<FakeCall, FakeAnswer?> Answer { get; set; } = static _ => null;

    public HashSet<Guid> MissingExtensions { get; } = [];

    /// <summary>SO_CONNECT_TIME of a socket; -1 is "not connected".</summary>
    public Func<nint, int> ConnectTime { get; set; } = static _ => 0;

    public IPEndPoint Local { get; set; } = new(IPAddress.Parse("10.0.0.1"), 1111);

    public IPEndPoint Remote { get; set; } = new(IPAddress.Parse("10.0.0.2"), 2222);

    public ConcurrentQueue<nint> OpenPorts { get; } = new();

    public int OpenSockets { get; private set; }

    /// <summary>Operations that a test has not completed.</summary>
    public int PendingCount => _pending.Count;

    public static FakeWinsock Of(nint handle) => s_owners[handle];

    /// <summary>The next call with one of the names; calls of other names before it are passed over.</summary>
    public FakeCall Next(params string[] names)
    {
        while (_calls.TryTake(out FakeCall? call, TimeSpan.FromSeconds(20)))
        {
            if (names.Contains(call.Name))
                return call;
        }

        throw new TimeoutException($"No {string.Join(" or ", names)} was called.");
    }

    /// <summary>Calls recorded so far and not looked at.</summary>
    public FakeCall[] Drain()
    {
        var calls = new List<FakeCall>();
        while (_calls.TryTake(out FakeCall? call))
            calls.Add(call);
        return [.. calls];
    }

    /// <summary>The kernel's part: status into the OVERLAPPED, then the packet.</summary>
    public void Complete(FakeCall call, uint bytes = 0, uint status = NtStatus.STATUS_SUCCESS) => Complete((OVERLAPPED*)call.Overlapped, bytes, status);

    public FakeAnswer Record(string name, nint handle, string arguments, OVERLAPPED* overlapped = null)
    {
        var call = new FakeCall(name, handle, arguments) { Overlapped = (nint)overlapped };
        FakeAnswer answer = Answer(call) ?? (overlapped is null ? new FakeAnswer(0) : FakeAnswer.Pending);
        bool begun = overlapped is not null && (answer.Code is 0 or Win32Error.ERROR_IO_PENDING || answer.Status is not null);
        if (begun)
            _pending[(nint)overlapped] = (handle, _associated[handle].Key);
        _calls.Add(call);
        if (begun && answer.Status is { } status)
            Complete(overlapped, answer.Bytes, status);
        return answer;
    }

    public int CreatePort(out nint port)
    {
        port = NewHandle();
        _ports[port] = [];
        return 0;
    }

    public int Associate(nint port, nint socket, nuint key)
    {
        Assert.True(_associated.TryAdd(socket, (port, key)), "a handle was associated twice");
        return Record("associate", socket, "").Code;
    }

    public int Wait(nint port, OVERLAPPED_ENTRY* entries, uint capacity, uint milliseconds, out uint removed)
    {
        BlockingCollection<OVERLAPPED_ENTRY> packets = _ports[port];
        removed = 0;
        if (!packets.TryTake(out OVERLAPPED_ENTRY entry, milliseconds == INFINITE ? -1 : (int)milliseconds))
            return Win32Error.WAIT_TIMEOUT;
        do
            entries[removed++] = entry;
        while (removed < capacity && packets.TryTake(out entry));
        return 0;
    }

    public int PostWake(nint port)
    {
        _ports[port].Add(default);
        return 0;
    }

    public int PostPacket(nint port, uint bytes, nuint key, OVERLAPPED* overlapped)
    {
        int code = Record("PostQueuedCompletionStatus", port, "").Code;
        if (code == 0)
            Packet(port, new OVERLAPPED_ENTRY { lpCompletionKey = key, lpOverlapped = overlapped, dwNumberOfBytesTransferred = bytes });
        return code;
    }

    /// <summary>A packet that belongs to nothing.</summary>
    public void PostStray(nint socket, FakeCall former) =>
        Packet(_associated[socket].Port, new OVERLAPPED_ENTRY { lpCompletionKey = _associated[socket].Key, lpOverlapped = (OVERLAPPED*)former.Overlapped });

    public void ClosePort(nint port) => _ports.TryRemove(port, out _);

    public int PortCount => _ports.Count;

    public int CreateSocket(int family, int type, int protocol, out nint socket)
    {
        socket = NewHandle();
        int code = Record("socket", socket, $"family={family} type={type} protocol={protocol}").Code;
        OpenSockets += code == 0 ? 1 : 0;
        return code;
    }

    public int Close(nint socket)
    {
        OpenSockets--;
        Assert.DoesNotContain(_pending.Values, pending => pending.Handle == socket);
        return Record("closesocket", socket, "").Code;
    }

    public int Bind(nint socket, void* address, int length) => Record("bind", socket, $"{WinsockAddress.Read((byte*)address, length)}").Code;

    public int Connect(nint socket, void* address, int length) => Record("connect", socket, $"{WinsockAddress.Read((byte*)address, length)}").Code;

    public int Listen(nint socket, int backlog) => Record("listen", socket, $"{backlog}").Code;

    public int GetName(nint socket, bool peer, void* address, int* length)
    {
        *length = WinsockAddress.Write(peer ? Remote : Local, (byte*)address);
        return 0;
    }

    public int SetOption(nint socket, int level, int name, void* value, int length)
    {
        string text = length switch
        {
            0 => $"{(nint)value}",
            4 => $"{*(int*)value}",
            20 => Convert.ToHexString(new ReadOnlySpan<byte>(value, length)),
            _ => $"{*(nint*)value}",
        };
        if (length == 4)
            _options[(socket, name)] = *(int*)value;
        return Record("setsockopt", socket, $"0x{name:X} value={text} length={length}").Code;
    }

    public int GetOption(nint socket, int level, int name, void* value, int* length)
    {
        *(int*)value = name == SO_CONNECT_TIME ? ConnectTime(socket) : _options.GetValueOrDefault((socket, name));
        return 0;
    }

    public int Control(nint socket, int command, uint* value) => Record("ioctlsocket", socket, $"0x{command:X}").Code;

    public int Set(nint socket, uint code, uint value) => Record("WSAIoctl", socket, $"0x{code:X} {value}").Code;

    public int Shutdown(nint socket, int how) => Record("shutdown", socket, $"{how}").Code;

    public int Receive(nint socket, WSABUF* buffers, uint count, uint* received, OVERLAPPED* overlapped)
    {
        FakeAnswer answer = Record("WSARecv", socket, $"{buffers[0].len}{(overlapped is null ? " now" : "")}", overlapped);
        *received = answer.Bytes;
        return answer.Code;
    }

    public int Peek(nint socket, OVERLAPPED* overlapped) => Record("peek", socket, "", overlapped).Code;

    /// <summary>The sender is written at once, into what must live until the completion.</summary>
    public int ReceiveFrom(nint socket, WSABUF* buffer, uint* received, uint* flags, void* from, int* fromLength, OVERLAPPED* overlapped)
    {
        string arguments = $"{buffer->len} room={*fromLength} flags={*flags}{(overlapped is null ? " now" : "")}";
        *fromLength = WinsockAddress.Copy(Remote.Serialize(), (byte*)from);
        FakeAnswer answer = Record("WSARecvFrom", socket, arguments, overlapped);
        *received = answer.Bytes;
        return answer.Code;
    }

    public int SendTo(nint socket, WSABUF* buffers, uint count, uint* sent, void* to, int toLength, OVERLAPPED* overlapped)
    {
        FakeAnswer answer = Record("WSASendTo", socket, $"{Pieces(buffers, count)} to={WinsockAddress.Read((byte*)to, toLength)}{(overlapped is null ? " now" : "")}", overlapped);
        *sent = answer.Bytes;
        return answer.Code;
    }

    public int Send(nint socket, WSABUF* buffers, uint count, uint* sent, OVERLAPPED* overlapped)
    {
        FakeAnswer answer = Record("WSASend", socket, $"{Pieces(buffers, count)}{(overlapped is null ? " now" : "")}", overlapped);
        *sent = answer.Bytes;
        return answer.Code;
    }

    public int Cancel(nint socket, OVERLAPPED* overlapped)
    {
        int code = Record("CancelIoEx", socket, overlapped is null ? "all" : "one").Code;
        foreach ((nint pending, (nint handle, _)) in _pending)
        {
            if (code == 0 && handle == socket && (overlapped is null || (nint)overlapped == pending))
                Complete((OVERLAPPED*)pending, 0, NtStatus.STATUS_CANCELLED);
        }

        return code;
    }

    public nint FindExtension(nint socket, in Guid function) => MissingExtensions.Contains(function) ? 0 : FakeExtensions.Find(function);

    private void Complete(OVERLAPPED* overlapped, uint bytes, uint status)
    {
        if (!_pending.TryRemove((nint)overlapped, out (nint Handle, nuint Key) pending))
            return;
        overlapped->Internal = status;
        Packet(_associated[pending.Handle].Port, new OVERLAPPED_ENTRY { lpCompletionKey = pending.Key, lpOverlapped = overlapped, Internal = status, dwNumberOfBytesTransferred = bytes });
    }

    private static string Pieces(WSABUF* buffers, uint count) => string.Join('+', Enumerable.Range(0, (int)count).Select(i => buffers[i].len));

    private void Packet(nint port, OVERLAPPED_ENTRY entry) => _ports[port].Add(entry);

    private nint NewHandle()
    {
        nint handle = (nint)Interlocked.Increment(ref s_lastHandle);
        s_owners[handle] = this;
        return handle;
    }
}
