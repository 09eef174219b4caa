using System.Net;

namespace RxSockets;

/// <summary>Settings of <see cref="RxConnector.ConnectAsync"/>. Copied and validated when used.</summary>
public sealed class HostConnectOptions
{
    /// <summary>Settings of each attempt; null for the defaults.</summary>
    public ConnectOptions? Connect { get; set; }

    /// <summary>How long an attempt has before the next address is tried beside it, 10 ms to 2 s (RFC 8305, section 5); default 250 ms.</summary>
    public TimeSpan AttemptDelay { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long all of it may take, name resolution included; null (the default) is no limit. Passed, it is <see cref="TimeoutException"/>.</summary>
    public TimeSpan? Timeout { get; set; }

    /// <summary>Resolves the host's name; null (the default) is the system's resolver, which sorts by RFC 6724. Addresses are tried in this order, families alternating.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>>? Resolve { get; set; }

    /// <summary>The clock. Default <see cref="TimeProvider.System"/>.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    internal HostConnectOptions Validated()
    {
        Limits.Between(AttemptDelay.Ticks, TimeSpan.FromMilliseconds(10).Ticks, TimeSpan.FromSeconds(2).Ticks, nameof(AttemptDelay));
        if (Timeout is { } timeout)
            Limits.Positive(timeout, nameof(Timeout));
        ArgumentNullException.ThrowIfNull(TimeProvider);
        return (HostConnectOptions)MemberwiseClone();
    }
}
