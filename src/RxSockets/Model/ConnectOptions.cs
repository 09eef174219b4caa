using System.Net;

namespace RxSockets;

/// <summary>Settings of <see cref="RxConnection.ConnectAsync"/>. Copied and validated when used.</summary>
public sealed class ConnectOptions
{
    /// <summary>Local endpoint to bind to; null (the default) is the wildcard address of the remote's family and a free port.</summary>
    public EndPoint? LocalEndPoint { get; set; }

    /// <summary>Disables Nagle's algorithm (TCP_NODELAY). Default true.</summary>
    public bool NoDelay { get; set; } = true;

    /// <summary>
    /// How often a refused, unreachable or timed-out connect (ECONNREFUSED, ENETUNREACH, ETIMEDOUT) is tried again, 0 to 1,000; default 0.
    /// </summary>
    public int Retry { get; set; }

    /// <summary>Pause between two tries. Default 100 ms.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The port that carries the connection. Default <see cref="RxSockets.CompletionPort.Shared"/>.</summary>
    public CompletionPort? CompletionPort { get; set; }

    internal ConnectOptions Validated()
    {
        Limits.Between(Retry, 0, 1000, nameof(Retry));
        Limits.Positive(RetryDelay, nameof(RetryDelay));
        return (ConnectOptions)MemberwiseClone();
    }
}
