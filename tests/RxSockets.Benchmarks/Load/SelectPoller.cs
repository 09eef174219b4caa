using System.Net.Sockets;

namespace RxSockets.Benchmarks.Load;

/// <summary>By select: slow with many sockets, and there on every system.</summary>
internal sealed class SelectPoller : IPoller
{
    private readonly Dictionary<Socket, int> _sockets = [];
    private readonly HashSet<Socket> _full = [];
    private readonly List<Socket> _read = [];
    private readonly List<Socket> _write = [];

    public void Add(Socket socket, int index) => _sockets.Add(socket, index);

    public void WantsRoom(Socket socket, int index, bool wants) => _ = wants ? _full.Add(socket) : _full.Remove(socket);

    public void Remove(Socket socket, int index)
    {
        _sockets.Remove(socket);
        _full.Remove(socket);
    }

    public int Wait(int milliseconds, Span<Readiness> ready)
    {
        _read.Clear();
        _read.AddRange(_sockets.Keys);
        _write.Clear();
        _write.AddRange(_full);
        Socket.Select(_read, _write, checkError: null, TimeSpan.FromMilliseconds(milliseconds));
        int count = 0;
        for (int i = 0; i < _read.Count && count < ready.Length; i++)
            ready[count++] = new Readiness(_sockets[_read[i]], CanRead: true, CanWrite: false);
        for (int i = 0; i < _write.Count && count < ready.Length; i++)
            ready[count++] = new Readiness(_sockets[_write[i]], CanRead: false, CanWrite: true);
        return count;
    }

    public void Dispose()
    {
    }
}
