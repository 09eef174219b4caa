using System.Net.Sockets;

namespace RxSockets.Testing;

/// <summary>The options of a simulated handle: remembered, and of no effect but for what a datagram socket lets wait (its receive buffer).</summary>
internal sealed class SocketOptions
{
    private readonly Dictionary<(SocketOptionLevel Level, SocketOptionName Name), int> _values = [];

    public int Get(SocketOptionLevel level, SocketOptionName name) => _values.GetValueOrDefault((level, name));

    public void Set(SocketOptionLevel level, SocketOptionName name, int value) => _values[(level, name)] = value;
}
