using System.Runtime.InteropServices;
using static RxSockets.Native.Windows.WindowsConstants;

namespace RxSockets.Engines.Iocp;

/// <summary>The handle as users see it; closing stays the engine's.</summary>
internal sealed class UnownedSocket : SafeHandle
{
    public UnownedSocket(nint socket)
        : base(INVALID_HANDLE_VALUE, ownsHandle: false) => SetHandle(socket);

    public override bool IsInvalid => handle == INVALID_HANDLE_VALUE;

    protected override bool ReleaseHandle() => true;
}
