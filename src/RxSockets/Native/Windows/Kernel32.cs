using System.Runtime.InteropServices;

namespace RxSockets.Native.Windows;

/// <summary>Functions of kernel32.dll. The last error is read as said in <see cref="Ws2_32"/>.</summary>
internal static unsafe class Kernel32
{
    private const string Library = "kernel32.dll";

    [DllImport(Library)]
    public static extern nint CreateIoCompletionPort(nint handle, nint port, nuint key, uint threads);

    [DllImport(Library)]
    public static extern int GetQueuedCompletionStatusEx(nint port, OVERLAPPED_ENTRY* entries, uint capacity, uint* removed, uint milliseconds, int alertable);

    [DllImport(Library)]
    public static extern int PostQueuedCompletionStatus(nint port, uint bytes, nuint key, OVERLAPPED* overlapped);

    [DllImport(Library)]
    public static extern int CancelIoEx(nint handle, OVERLAPPED* overlapped);

    [DllImport(Library)]
    public static extern int CloseHandle(nint handle);
}
