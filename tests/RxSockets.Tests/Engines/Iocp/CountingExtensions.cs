using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RxSockets.Engines.Iocp;
using RxSockets.Native.Windows;

namespace RxSockets.Tests.Engines.Iocp;

/// <summary>
/// The real extension functions, with a count before each: shows that a run called them, and nothing else in their place. One at a time per process.
/// </summary>
internal static unsafe class CountingExtensions
{
    private static WinsockExtensions s_real = null!;

    public static long AcceptExCalls, GetAcceptExSockaddrsCalls, ConnectExCalls, DisconnectExCalls, TransmitFileCalls;

    public static WinsockExtensions Wrap(WinsockExtensions real)
    {
        s_real = real;
        return new WinsockExtensions
        {
            AcceptExPointer = &AcceptEx,
            GetAcceptExSockaddrsPointer = &GetAcceptExSockaddrs,
            ConnectExPointer = &ConnectEx,
            DisconnectExPointer = &DisconnectEx,
            TransmitFilePointer = &TransmitFile,
            TransmitPacketsPointer = real.TransmitPacketsPointer,
        };
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvStdcall)])]
    private static int AcceptEx(nint listener, nint accept, void* buffer, uint receive, uint local, uint remote, uint* received, OVERLAPPED* overlapped)
    {
        Interlocked.Increment(ref AcceptExCalls);
        return s_real.AcceptExPointer(listener, accept, buffer, receive, local, remote, received, overlapped);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvStdcall)])]
    private static void GetAcceptExSockaddrs(void* buffer, uint receive, uint local, uint remote, void** localAddress, int* localLength, void** remoteAddress, int* remoteLength)
    {
        Interlocked.Increment(ref GetAcceptExSockaddrsCalls);
        s_real.GetAcceptExSockaddrsPointer(buffer, receive, local, remote, localAddress, localLength, remoteAddress, remoteLength);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvStdcall)])]
    private static int ConnectEx(nint socket, void* address, int length, void* data, uint bytes, uint* sent, OVERLAPPED* overlapped)
    {
        Interlocked.Increment(ref ConnectExCalls);
        return s_real.ConnectExPointer(socket, address, length, data, bytes, sent, overlapped);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvStdcall)])]
    private static int DisconnectEx(nint socket, OVERLAPPED* overlapped, uint flags, uint reserved)
    {
        Interlocked.Increment(ref DisconnectExCalls);
        return s_real.DisconnectExPointer(socket, overlapped, flags, reserved);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvStdcall)])]
    private static int TransmitFile(nint socket, nint file, uint bytes, uint perSend, OVERLAPPED* overlapped, TRANSMIT_FILE_BUFFERS* buffers, uint flags)
    {
        Interlocked.Increment(ref TransmitFileCalls);
        return s_real.TransmitFilePointer(socket, file, bytes, perSend, overlapped, buffers, flags);
    }
}
