using System.Runtime.InteropServices;

namespace RxSockets.Engines.IoUring;

/// <summary>A descriptor as users see it; closing stays the loop's.</summary>
internal sealed class UnownedDescriptor : SafeHandle
{
    public UnownedDescriptor(int descriptor)
        : base(-1, ownsHandle: false) => SetHandle(descriptor);

    public override bool IsInvalid => handle == -1;

    protected override bool ReleaseHandle() => true;
}
