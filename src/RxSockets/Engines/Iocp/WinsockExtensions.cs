using System.Runtime.InteropServices;
using RxSockets.Native.Windows;
using static RxSockets.Native.Windows.ExtensionFunctions;

namespace RxSockets.Engines.Iocp;

/// <summary>
/// The extension functions of one kind of socket, called through the pointers that WSAIoctl gave. Looked up once per family, type and protocol (all
/// sockets of such a triple are made by the same default provider). A null pointer is a function that the provider lacks. Tests replace pointers.
/// Results are 0 or the last error, read in the statement behind the call.
/// </summary>
internal sealed unsafe class WinsockExtensions
{
    public delegate* unmanaged[Stdcall]<nint, nint, void*, uint, uint, uint, uint*, OVERLAPPED*, int> AcceptExPointer;
    public delegate* unmanaged[Stdcall]<void*, uint, uint, uint, void**, int*, void**, int*, void> GetAcceptExSockaddrsPointer;
    public delegate* unmanaged[Stdcall]<nint, void*, int, void*, uint, uint*, OVERLAPPED*, int> ConnectExPointer;
    public delegate* unmanaged[Stdcall]<nint, OVERLAPPED*, uint, uint, int> DisconnectExPointer;
    public delegate* unmanaged[Stdcall]<nint, nint, uint, uint, OVERLAPPED*, TRANSMIT_FILE_BUFFERS*, uint, int> TransmitFilePointer;
    public delegate* unmanaged[Stdcall]<nint, TRANSMIT_PACKETS_ELEMENT*, uint, uint, OVERLAPPED*, uint, int> TransmitPacketsPointer;

    /// <summary>Asks the provider of a socket for all of them.</summary>
    public static WinsockExtensions Load(IWinsock winsock, nint socket) => new()
    {
        AcceptExPointer = (delegate* unmanaged[Stdcall]<nint, nint, void*, uint, uint, uint, uint*, OVERLAPPED*, int>)winsock.FindExtension(socket, WSAID_ACCEPTEX),
        GetAcceptExSockaddrsPointer = (delegate* unmanaged[Stdcall]<void*, uint, uint, uint, void**, int*, void**, int*, void>)winsock.FindExtension(socket, WSAID_GETACCEPTEXSOCKADDRS),
        ConnectExPointer = (delegate* unmanaged[Stdcall]<nint, void*, int, void*, uint, uint*, OVERLAPPED*, int>)winsock.FindExtension(socket, WSAID_CONNECTEX),
        DisconnectExPointer = (delegate* unmanaged[Stdcall]<nint, OVERLAPPED*, uint, uint, int>)winsock.FindExtension(socket, WSAID_DISCONNECTEX),
        TransmitFilePointer = (delegate* unmanaged[Stdcall]<nint, nint, uint, uint, OVERLAPPED*, TRANSMIT_FILE_BUFFERS*, uint, int>)winsock.FindExtension(socket, WSAID_TRANSMITFILE),
        TransmitPacketsPointer = (delegate* unmanaged[Stdcall]<nint, TRANSMIT_PACKETS_ELEMENT*, uint, uint, OVERLAPPED*, uint, int>)winsock.FindExtension(socket, WSAID_TRANSMITPACKETS),
    };

    /// <summary>Null when all that stream sockets cannot do without is there; else the name of what is missing.</summary>
    public string? Missing =>
        AcceptExPointer is null ? "AcceptEx"
        : GetAcceptExSockaddrsPointer is null ? "GetAcceptExSockaddrs"
        : ConnectExPointer is null ? "ConnectEx"
        : null;

    public int AcceptEx(nint listener, nint accept, void* buffer, uint receiveBytes, uint localBytes, uint remoteBytes, OVERLAPPED* overlapped)
    {
        uint received = 0;
        int result = AcceptExPointer(listener, accept, buffer, receiveBytes, localBytes, remoteBytes, &received, overlapped);
        int error = Marshal.GetLastSystemError();
        return result != 0 ? 0 : error;
    }

    /// <summary>Where AcceptEx put the two addresses; the lengths are those given to AcceptEx. Their place in the buffer is the provider's secret.</summary>
    public void GetAcceptExSockaddrs(void* buffer, uint receiveBytes, uint localBytes, uint remoteBytes, out nint local, out int localLength, out nint remote, out int remoteLength)
    {
        void* localAddress = null;
        void* remoteAddress = null;
        int localSize = 0;
        int remoteSize = 0;
        GetAcceptExSockaddrsPointer(buffer, receiveBytes, localBytes, remoteBytes, &localAddress, &localSize, &remoteAddress, &remoteSize);
        (local, localLength, remote, remoteLength) = ((nint)localAddress, localSize, (nint)remoteAddress, remoteSize);
    }

    /// <summary>The count that ConnectEx returns may be 0 although bytes left: only the completion's counts.</summary>
    public int ConnectEx(nint socket, void* address, int length, void* data, uint dataBytes, OVERLAPPED* overlapped)
    {
        uint sent = 0;
        int result = ConnectExPointer(socket, address, length, data, dataBytes, &sent, overlapped);
        int error = Marshal.GetLastSystemError();
        return result != 0 ? 0 : error;
    }

    /// <summary>The last parameter is reserved and 0.</summary>
    public int DisconnectEx(nint socket, OVERLAPPED* overlapped, uint flags)
    {
        int result = DisconnectExPointer(socket, overlapped, flags, 0);
        int error = Marshal.GetLastSystemError();
        return result != 0 ? 0 : error;
    }

    public int TransmitFile(nint socket, nint file, uint bytes, uint bytesPerSend, OVERLAPPED* overlapped, TRANSMIT_FILE_BUFFERS* buffers, uint flags)
    {
        int result = TransmitFilePointer(socket, file, bytes, bytesPerSend, overlapped, buffers, flags);
        int error = Marshal.GetLastSystemError();
        return result != 0 ? 0 : error;
    }

    public int TransmitPackets(nint socket, TRANSMIT_PACKETS_ELEMENT* elements, uint count, uint sendSize, OVERLAPPED* overlapped, uint flags)
    {
        int result = TransmitPacketsPointer(socket, elements, count, sendSize, overlapped, flags);
        int error = Marshal.GetLastSystemError();
        return result != 0 ? 0 : error;
    }
}
