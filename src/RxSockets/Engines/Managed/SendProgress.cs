using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Operations;

namespace RxSockets.Engines.Managed;

/// <summary>How far the pieces of a batch have left, one after the other.</summary>
internal struct SendProgress(SendBatch batch)
{
    private int _piece;
    private int _offset;

    /// <summary>Bytes that the kernel took.</summary>
    public long Sent { get; private set; }

    public readonly bool IsDone => _piece == batch.Count;

    /// <summary>What leaves next. Throws what a piece's owner throws.</summary>
    public readonly Memory<byte> Next => MemoryMarshal.AsMemory(batch.Pieces[_piece][_offset..]);

    /// <summary>The kernel took so many bytes of <see cref="Next"/>.</summary>
    public void Take(int bytes)
    {
        Sent += bytes;
        _offset += bytes;
        if (_offset < batch.Pieces[_piece].Length)
            return;
        _piece++;
        _offset = 0;
    }

    /// <summary>
    /// Sends on a socket that does not block, until all is taken or it fails: true. False where the kernel takes no more now. An asynchronous send begins with the same
    /// call, and around it costs as much again; nearly every send ends here.
    /// </summary>
    public bool SendNow(Socket socket, out SocketError error)
    {
        error = SocketError.Success;
        while (!IsDone)
        {
            int taken = socket.Send(Next.Span, SocketFlags.None, out error);
            if (error == SocketError.WouldBlock)
                return false;
            if (error != SocketError.Success)
                return true;
            Take(taken);
        }

        return true;
    }
}
