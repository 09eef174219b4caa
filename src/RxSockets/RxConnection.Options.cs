using System.Net.Sockets;

namespace RxSockets;

/// <content>The socket options people set.</content>
public sealed partial class RxConnection
{
    /// <summary>Nagle's algorithm off (TCP_NODELAY). TCP only.</summary>
    public bool NoDelay
    {
        get => _core.Handle.GetOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay) != 0;
        set => _core.Handle.SetOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay, value ? 1 : 0);
    }

    /// <summary>TCP keep-alive (SO_KEEPALIVE).</summary>
    public bool KeepAlive
    {
        get => _core.Handle.GetOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive) != 0;
        set => _core.Handle.SetOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, value ? 1 : 0);
    }

    /// <summary>Idle time before the first keep-alive probe (TCP_KEEPIDLE), whole seconds.</summary>
    public TimeSpan KeepAliveTime
    {
        get => Seconds(SocketOptionName.TcpKeepAliveTime);
        set => SetSeconds(SocketOptionName.TcpKeepAliveTime, value, nameof(KeepAliveTime));
    }

    /// <summary>Time between keep-alive probes (TCP_KEEPINTVL), whole seconds.</summary>
    public TimeSpan KeepAliveInterval
    {
        get => Seconds(SocketOptionName.TcpKeepAliveInterval);
        set => SetSeconds(SocketOptionName.TcpKeepAliveInterval, value, nameof(KeepAliveInterval));
    }

    /// <summary>Unanswered keep-alive probes that end the connection (TCP_KEEPCNT).</summary>
    public int KeepAliveRetryCount
    {
        get => _core.Handle.GetOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount);
        set => _core.Handle.SetOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, value);
    }

    /// <summary>The kernel's send buffer in bytes (SO_SNDBUF). Linux doubles what is set.</summary>
    public int SendBufferSize
    {
        get => _core.Handle.GetOption(SocketOptionLevel.Socket, SocketOptionName.SendBuffer);
        set => _core.Handle.SetOption(SocketOptionLevel.Socket, SocketOptionName.SendBuffer, value);
    }

    /// <summary>The kernel's receive buffer in bytes (SO_RCVBUF). Linux doubles what is set.</summary>
    public int ReceiveBufferSize
    {
        get => _core.Handle.GetOption(SocketOptionLevel.Socket, SocketOptionName.ReceiveBuffer);
        set => _core.Handle.SetOption(SocketOptionLevel.Socket, SocketOptionName.ReceiveBuffer, value);
    }

    private TimeSpan Seconds(SocketOptionName name) => TimeSpan.FromSeconds(_core.Handle.GetOption(SocketOptionLevel.Tcp, name));

    private void SetSeconds(SocketOptionName name, TimeSpan value, string option)
    {
        int seconds = (int)value.TotalSeconds;
        Limits.Between(seconds, 1, 32767, option);
        _core.Handle.SetOption(SocketOptionLevel.Tcp, name, seconds);
    }
}
