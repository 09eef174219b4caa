using System.Net.Sockets;

namespace RxSockets.Benchmarks.Load;

/// <summary>
/// Tells which of many non-blocking sockets are ready. Not System.Net.Sockets' own readiness, which costs about as much as the servers under
/// test do: the load generator is to be the faster side.
/// </summary>
internal interface IPoller : IDisposable
{
    void Add(Socket socket, int index);

    /// <summary>Whether the socket waits for room to send.</summary>
    void WantsRoom(Socket socket, int index, bool wants);

    void Remove(Socket socket, int index);

    /// <summary>Fills <paramref name="ready"/> with the indices of sockets that can be read or written, or have ended.</summary>
    int Wait(int milliseconds, Span<Readiness> ready);
}
