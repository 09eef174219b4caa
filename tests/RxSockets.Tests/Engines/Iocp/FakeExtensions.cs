using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RxSockets.Engines.Iocp;
using RxSockets.Native.Windows;

namespace RxSockets.Tests.Engines.Iocp;

/// <summary>
/// The extension functions as C# functions that native code could call: the engine reaches them through the same function pointers, with the same last
/// error, as those of mswsock.dll. Each records its arguments with the fake that made the socket, and answers what that says.
/// </summary>
internal static unsafe class FakeExtensions
{
    // Not the layout of Windows, and not that of Wine either: only GetAcceptExSockaddrs may know.
    private const int Padding = 8;

    public static nint Find(Guid function)
    {
        if (function == ExtensionFunctions.WSAID_ACCEPTEX)
            return (nint)(delegate* unmanaged[Stdcall]<nint, nint, void*, uint, uint, uint, uint*, OVERLAPPED*, int>)&AcceptEx;
        if (function == ExtensionFunctions.WSAID_GETACCEPTEXSOCKADDRS)
            return (nint)(delegate* unmanaged[Stdcall]<void*, uint, uint, uint, void**, int*, void**, int*, void>)&GetAcceptExSockaddrs;
        if (function == ExtensionFunctions.WSAID_CONNECTEX)
            return (nint)(delegate* unmanaged[Stdcall]<nint, void*, int, void*, uint, uint*, OVERLAPPED*, int>)&ConnectEx;
        if (function == ExtensionFunctions.WSAID_DISCONNECTEX)
            return (nint)(delegate* unmanaged[Stdcall]<nint, OVERLAPPED*, uint, uint, int>)&DisconnectEx;
        if (function == ExtensionFunctions.WSAID_TRANSMITFILE)
            return (nint)(delegate* unmanaged[Stdcall]<nint, nint, uint, uint, OVERLAPPED*, TRANSMIT_FILE_BUFFERS*, uint, int>)&TransmitFile;
        if (function == ExtensionFunctions.WSAID_TRANSMITPACKETS)
            return (nint)(delegate* unmanaged[Stdcall]<nint, TRANSMIT_PACKETS_ELEMENT*, uint, uint, OVERLAPPED*, uint, int>)&TransmitPackets;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvStdcall)])]
    private static int AcceptEx(nint listener, nint accept, void* buffer, uint receiveBytes, uint localBytes, uint remoteBytes, uint* received, OVERLAPPED* overlapped)
    {
        FakeWinsock fake = FakeWinsock.Of(listener);
        byte* addresses = (byte*)buffer + receiveBytes + Padding;
        WriteAddress(fake.Local, addresses, localBytes);
        WriteAddress(fake.Remote, addresses + localBytes, remoteBytes - Padding);
        return Return(fake.Record("AcceptEx", listener, $"accept={accept} receive={receiveBytes} local={localBytes} remote={remoteBytes}", overlapped));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvStdcall)])]
    private static void GetAcceptExSockaddrs(
        void* buffer, uint receiveBytes, uint localBytes, uint remoteBytes, void** local, int* localLength, void** remote, int* remoteLength)
    {
        byte* addresses = (byte*)buffer + receiveBytes + Padding;
        *local = addresses;
        *remote = addresses + localBytes;
        *localLength = *remoteLength = WinsockAddress.Ip4Bytes;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvStdcall)])]
    private static int ConnectEx(nint socket, void* address, int length, void* data, uint dataBytes, uint* sent, OVERLAPPED* overlapped)
    {
        string bytes = data is null ? "none" : Convert.ToHexString(new ReadOnlySpan<byte>(data, (int)Math.Min(dataBytes, 4)));
        return Return(FakeWinsock.Of(socket).Record("ConnectEx", socket, $"{WinsockAddress.Read((byte*)address, length)} data={bytes} bytes={dataBytes}", overlapped));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvStdcall)])]
    private static int DisconnectEx(nint socket, OVERLAPPED* overlapped, uint flags, uint reserved) =>
        Return(FakeWinsock.Of(socket).Record("DisconnectEx", socket, $"flags=0x{flags:X} reserved={reserved}", overlapped));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvStdcall)])]
    private static int TransmitFile(nint socket, nint file, uint bytes, uint bytesPerSend, OVERLAPPED* overlapped, TRANSMIT_FILE_BUFFERS* buffers, uint flags)
    {
        long offset = overlapped->Offset | ((long)overlapped->OffsetHigh << 32);
        string edges = buffers is null ? "none" : $"{Text(buffers->Head, buffers->HeadLength)},{Text(buffers->Tail, buffers->TailLength)}";
        string name = file == 0 ? "null" : "file";
        return Return(FakeWinsock.Of(socket).Record("TransmitFile", socket, $"{name} offset={offset} bytes={bytes} send={bytesPerSend} edges={edges} flags=0x{flags:X}", overlapped));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvStdcall)])]
    private static int TransmitPackets(nint socket, TRANSMIT_PACKETS_ELEMENT* elements, uint count, uint sendSize, OVERLAPPED* overlapped, uint flags)
    {
        var text = new List<string>();
        for (uint i = 0; i < count; i++)
        {
            TRANSMIT_PACKETS_ELEMENT element = elements[i];
            text.Add((element.dwElFlags & 1) != 0
                ? $"{element.dwElFlags}:{Text(element.pBuffer, element.cLength)}"
                : $"{element.dwElFlags}:@{element.nFileOffset}+{element.cLength}");
        }

        return Return(FakeWinsock.Of(socket).Record("TransmitPackets", socket, $"[{string.Join(' ', text)}] send=0x{sendSize:X} flags=0x{flags:X}", overlapped));
    }

    private static string Text(byte* bytes, uint length) => bytes is null ? "-" : System.Text.Encoding.ASCII.GetString(bytes, (int)Math.Min(length, 16));

    private static void WriteAddress(System.Net.IPEndPoint endPoint, byte* to, uint room)
    {
        byte* address = stackalloc byte[WinsockAddress.MaxBytes];
        int length = WinsockAddress.Write(endPoint, address);
        Assert.InRange(length, 1, (int)room);
        new ReadOnlySpan<byte>(address, length).CopyTo(new Span<byte>(to, length));
    }

    // BOOL, and the last error as the last thing that happens here.
    private static int Return(FakeAnswer answer)
    {
        Marshal.SetLastSystemError(answer.Code);
        return answer.Code == 0 ? 1 : 0;
    }
}
