using System.Buffers;
using System.Runtime.InteropServices;
using RxSockets.Native.Linux;
using RxSockets.Operations;
using static RxSockets.Native.Linux.LinuxConstants;

namespace RxSockets.Engines.IoUring;

/// <summary>Why a transmit stopped for now.</summary>
internal enum TransmitStop
{
    /// <summary>Everything was taken.</summary>
    Done,

    /// <summary>It failed; <see cref="TransmitCursor.Error"/> says why.</summary>
    Failed,

    /// <summary>The socket's buffer is full.</summary>
    SocketFull,

    /// <summary>What comes next would have to wait for a disk.</summary>
    Cold,

    /// <summary>It has had its share for now.</summary>
    Paused,
}

/// <summary>
/// How far a batch was sent, and the system calls that send more of it: sendmsg for memory, sendfile for files. One thread at a time; nothing waits for the
/// socket (the descriptor is made non-blocking for sendfile, which has no flag for it). One burst: memory is sent with MSG_MORE, and where
/// something follows a file, TCP_CORK holds the last partial segment back, since sendfile pushes it.
/// </summary>
internal sealed unsafe class TransmitCursor(int descriptor)
{
    private const int MostPieces = SendBatch.MaxPieces;
    private const long MostPerCall = 1 << 20;
    private const long Probe = 4 << 20;
    private const long SmallProbe = 64 << 10;

    private TransmitBatch _batch = null!;
    private MemoryHandle[] _pins = [];
    private int _element;
    private long _offset;
    private long _hotUntil;
    private long _mostPerCall;
    private bool _corked;
    private bool _nonBlocking;
    private bool _alwaysWorker;

    public long Sent { get; private set; }

    /// <summary>An errno, or 0 where the file ended early.</summary>
    public int Error { get; private set; }

    public bool IsDone => _element == _batch.Count;

    /// <summary>Pins the batch; throws what a piece's owner throws, and has begun nothing then.</summary>
    public void Begin(TransmitBatch batch)
    {
        _batch = batch;
        _element = 0;
        _offset = 0;
        _hotUntil = 0;
        Sent = 0;
        Error = 0;
        _mostPerCall = batch.SendSize > 0 ? Math.Min(batch.SendSize, MostPerCall) : MostPerCall;
        _alwaysWorker = (batch.Flags & (TransmitFlags.UseDefaultWorker | TransmitFlags.UseSystemThread)) != 0;
        if (_pins.Length < batch.Count)
            _pins = new MemoryHandle[batch.Count];
        Pin();
        bool cork = false;
        bool files = false;
        for (int i = 0; i < batch.Count; i++)
        {
            bool isFile = batch.Elements[i].File is not null;
            files |= isFile;
            cork |= isFile && i < batch.Count - 1;
        }

        if (files && !_nonBlocking)
            _nonBlocking = LinuxSocket.SetNonBlocking(descriptor, true);
        if (cork)
            Cork(true);
    }

    /// <summary>Sends until about <paramref name="share"/> bytes were taken. <paramref name="mayWait"/>: on a thread that may wait for a disk.</summary>
    public TransmitStop Run(long share, bool mayWait)
    {
        long end = Sent + share;
        while (!IsDone)
        {
            if (Sent >= end)
                return TransmitStop.Paused;
            TransmitStop? stop = _batch.Elements[_element].File is null ? SendMemory() : SendFile(mayWait);
            if (stop is not null)
                return stop.Value;
        }

        return TransmitStop.Done;
    }

    /// <summary>After the last run: what was held back leaves, and the memory is free.</summary>
    public void End()
    {
        if (_corked)
            Cork(false);
        Unpin();
    }

    // All of it or nothing: the owner of a piece may throw.
    private void Pin()
    {
        try
        {
            for (int i = 0; i < _batch.Count; i++)
                _pins[i] = _batch.Elements[i].Memory.Pin();
        }
        catch
        {
            Unpin();
            throw;
        }
    }

    private void Unpin()
    {
        for (int i = 0; i < _batch.Count; i++)
        {
            _pins[i].Dispose();
            _pins[i] = default;
        }

        _batch = null!;
    }

    private TransmitStop? SendMemory()
    {
        iovec* vector = stackalloc iovec[MostPieces];
        int count = 0;
        long bytes = 0;
        int at = _element;
        bool packetEnds = false;
        for (; at < _batch.Count && count < MostPieces && bytes < _mostPerCall && !packetEnds; at++)
        {
            ref readonly TransmitElement element = ref _batch.Elements[at];
            if (element.File is not null)
                break;
            long skip = at == _element ? _offset : 0;
            long length = Math.Min(element.Count - skip, _mostPerCall - bytes);
            vector[count++] = new iovec { iov_base = (byte*)_pins[at].Pointer + skip, iov_len = (nuint)length };
            bytes += length;
            packetEnds = EndsPacket(element);
        }

        var message = new msghdr { msg_iov = vector, msg_iovlen = (nuint)count };
        bool more = at < _batch.Count && !packetEnds;
        nint result = Libc.sendmsg(descriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0));
        int error = Marshal.GetLastSystemError();
        return result >= 0 ? Advance(result) : Stop(error);
    }

    private TransmitStop? SendFile(bool mayWait)
    {
        ref readonly TransmitElement element = ref _batch.Elements[_element];
        int file = (int)element.File!.DangerousGetHandle();
        long offset = element.Offset + _offset;
        long count = Math.Min(element.Count - _offset, _mostPerCall);
        if (!mayWait && !IsHot(file, offset, ref count, element.Count - _offset))
            return TransmitStop.Cold;
        // A peer that reset raises no signal here: the runtime ignores SIGPIPE.
        nint result = Libc.sendfile(descriptor, file, &offset, (nuint)count);
        int error = Marshal.GetLastSystemError();
        if (result == 0)
            return TransmitStop.Failed;   // the file became shorter
        return result > 0 ? Advance(result) : Stop(error);
    }

    private bool IsHot(int file, long offset, ref long count, long left)
    {
        if (offset < _hotUntil)
        {
            count = Math.Min(count, _hotUntil - offset);
            return true;
        }

        if (_alwaysWorker)
            return false;
        long probed = Math.Min(left, Probe);
        if (!PageCache.Holds(file, offset, probed))
        {
            if (probed <= SmallProbe || !PageCache.Holds(file, offset, SmallProbe))
                return false;
            probed = SmallProbe;
        }

        _hotUntil = offset + probed;
        count = Math.Min(count, probed);
        return true;
    }

    private TransmitStop? Advance(long bytes)
    {
        Sent += bytes;
        while (bytes > 0)
        {
            ref readonly TransmitElement element = ref _batch.Elements[_element];
            long taken = Math.Min(bytes, element.Count - _offset);
            _offset += taken;
            bytes -= taken;
            if (_offset < element.Count)
                break;
            _element++;
            _offset = 0;
            _hotUntil = 0;
            // The packet's last segment leaves; what follows is held together again.
            if (_corked && EndsPacket(element) && !IsDone)
            {
                Cork(false);
                Cork(true);
            }
        }

        return null;
    }

    private bool EndsPacket(in TransmitElement element) => element.EndOfPacket && _batch.SendSize == TransmitPacket.SendSizePerPacket;

    private TransmitStop? Stop(int error)
    {
        if (error == Errno.EINTR)
            return null;
        if (error == Errno.EAGAIN)
            return TransmitStop.SocketFull;
        Error = error;
        return TransmitStop.Failed;
    }

    // Refused by Unix sockets, which have no segments to hold back.
    private void Cork(bool on) => _corked = LinuxSocket.SetOption(descriptor, IPPROTO_TCP, TCP_CORK, on ? 1 : 0) == 0 && on;
}
