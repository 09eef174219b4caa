namespace RxSockets;

/// <summary>Settings of a <see cref="SocketPool"/>. Copied and validated when the pool is made.</summary>
public sealed class SocketPoolOptions
{
    /// <summary>Handles kept idle, 1 to 65,536; default 64. One that comes back beyond it is closed.</summary>
    public int MaxIdle { get; set; } = 64;

    /// <summary>
    /// How long a returned connection may take to end in order: the peer's last data and FIN, and TIME_WAIT where the system makes a handle wait for it. Then the
    /// handle is given up, and the connection goes on closing by itself. Default 1 s.
    /// </summary>
    public TimeSpan ReuseTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How connections are made, also those on a kept handle. Default the defaults of <see cref="ConnectOptions"/>.</summary>
    public ConnectOptions? Connect { get; set; }

    internal SocketPoolOptions Validated()
    {
        Limits.Between(MaxIdle, 1, 65536, nameof(MaxIdle));
        Limits.Positive(ReuseTimeout, nameof(ReuseTimeout));
        var copy = (SocketPoolOptions)MemberwiseClone();
        copy.Connect = (Connect ?? new ConnectOptions()).Validated();
        return copy;
    }
}
