using System.Net.Sockets;
using RxSockets.Native.Linux;
using RxSockets.Operations;

namespace RxSockets.Engines.IoUring;

/// <summary>A descriptor without a connection.</summary>
internal sealed class IoUringHandle(int descriptor, AddressFamily family) : RecycledHandle
{
    private int _descriptor = descriptor;

    public override AddressFamily Family => family;

    public override bool IsClosed => _descriptor < 0;

    public int Descriptor => _descriptor;

    /// <summary>It has become a socket.</summary>
    public void Detach() => _descriptor = -1;

    public override void Dispose()
    {
        int descriptor = Interlocked.Exchange(ref _descriptor, -1);
        if (descriptor >= 0)
            _ = Libc.close(descriptor);
    }
}
