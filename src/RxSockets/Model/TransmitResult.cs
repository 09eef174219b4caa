using System.Runtime.InteropServices;

namespace RxSockets;

/// <summary>The result of a transmit.</summary>
/// <param name="BytesTransmitted">Bytes the kernel took: head, file and tail.</param>
/// <param name="SocketKept">With <see cref="TransmitFlags.ReuseSocket"/>: whether the handle was kept, as <see cref="RxConnection.DisconnectAsync"/> tells; else false.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TransmitResult(long BytesTransmitted, bool SocketKept = false);
