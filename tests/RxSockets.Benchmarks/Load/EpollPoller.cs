using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace RxSockets.Benchmarks.Load;

/// <summary>By epoll, level-triggered.</summary>
internal sealed unsafe partial class EpollPoller : IPoller
{
    private const int Capacity = 512;
    private const int Cloexec = 0x80000;
    private const int CtlAdd = 1;
    private const int CtlModify = 3;
    private const uint In = 1;
    private const uint Out = 4;
    private const uint ErrorOrEnd = 8 | 16;
    private const int Eintr = 4;

    // struct epoll_event is packed on x86-64 only.
    private static readonly int s_eventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private readonly int _epoll = epoll_create1(Cloexec);
    private readonly byte* _events = (byte*)NativeMemory.Alloc(Capacity * 16);

    public void Add(Socket socket, int index) => Control(CtlAdd, socket, index, In);

    public void WantsRoom(Socket socket, int index, bool wants) => Control(CtlModify, socket, index, wants ? In | Out : In);

    // Closing the descriptor takes it out.
    public void Remove(Socket socket, int index)
    {
    }

    public int Wait(int milliseconds, Span<Readiness> ready)
    {
        int count = epoll_wait(_epoll, _events, Math.Min(Capacity, ready.Length), milliseconds);
        if (count < 0)
            return Marshal.GetLastPInvokeError() == Eintr ? 0 : throw new Win32Exception();
        for (int i = 0; i < count; i++)
        {
            byte* entry = _events + (i * s_eventSize);
            uint events = *(uint*)entry;
            ready[i] = new Readiness(*(int*)(entry + s_eventSize - 8), (events & (In | ErrorOrEnd)) != 0, (events & Out) != 0);
        }

        return count;
    }

    public void Dispose()
    {
        _ = close(_epoll);
        NativeMemory.Free(_events);
    }

    private void Control(int operation, Socket socket, int index, uint events)
    {
        byte* entry = stackalloc byte[16];
        *(uint*)entry = events;
        *(ulong*)(entry + s_eventSize - 8) = (uint)index;
        if (epoll_ctl(_epoll, operation, (int)socket.SafeHandle.DangerousGetHandle(), entry) < 0)
            throw new Win32Exception();
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int epoll, int operation, int fd, byte* entry);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_wait(int epoll, byte* events, int count, int milliseconds);

    [LibraryImport("libc")]
    private static partial int close(int fd);
}
