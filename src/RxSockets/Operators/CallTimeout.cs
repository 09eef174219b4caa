using System.Runtime.InteropServices;

namespace RxSockets;

/// <summary>
/// A time limit for one call, as a token: <c>using CallTimeout timeout = CallTimeout.Start(limit); await connection.ReceiveAsync(memory, timeout.Token);</c>. Token source
/// and timer are pooled: a call that ends in time allocates nothing. Use the token only before <see cref="Dispose"/>, which belongs behind the awaited call.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly struct CallTimeout : IDisposable, IEquatable<CallTimeout>
{
    private readonly TimeoutSource _source;
    private readonly long _life;

    private CallTimeout(TimeoutSource source)
    {
        _source = source;
        _life = source.Life;
    }

    /// <summary>Cancelled when the time is over, or the linked token is cancelled.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public CancellationToken Token
    {
        get
        {
            ThrowIfDisposed();
            return _source.Token;
        }
    }

    /// <summary>True when the time was over; false when the linked token was cancelled before, or nothing was.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public bool HasElapsed
    {
        get
        {
            ThrowIfDisposed();
            return _source.HasElapsed;
        }
    }

    /// <summary>Starts the clock.</summary>
    /// <param name="limit">Longer than zero, to 24 days.</param>
    /// <param name="timeProvider">The clock; null for the system's. The pool is made for programs that use one.</param>
    /// <param name="cancellationToken">Linked: cancels the token as well.</param>
    public static CallTimeout Start(TimeSpan limit, TimeProvider? timeProvider = null, CancellationToken cancellationToken = default)
    {
        Limits.Positive(limit, nameof(limit));
        return new CallTimeout(TimeoutSource.Rent(limit, timeProvider ?? TimeProvider.System, cancellationToken));
    }

    /// <summary>The call is over: token source and timer go back to the pool. Idempotent.</summary>
    public void Dispose() => _source?.Return(_life);

    /// <inheritdoc/>
    public bool Equals(CallTimeout other) => ReferenceEquals(_source, other._source) && _life == other._life;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is CallTimeout other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_source, _life);

    /// <summary>Compares leases.</summary>
    public static bool operator ==(CallTimeout left, CallTimeout right) => left.Equals(right);

    /// <summary>Compares leases.</summary>
    public static bool operator !=(CallTimeout left, CallTimeout right) => !left.Equals(right);

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_source is null || _source.Life != _life, typeof(CallTimeout));
}
