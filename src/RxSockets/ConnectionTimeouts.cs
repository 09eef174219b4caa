using System.Runtime.CompilerServices;

namespace RxSockets;

/// <summary>Calls with a time limit. Nothing is allocated for it in steady state. See <see cref="CallTimeout"/> for any other call.</summary>
public static class ConnectionTimeouts
{
    /// <summary>Receives once into the caller's memory. What comes later is the next reader's: nothing is lost by a time-out.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="memory">The caller's.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">Nothing came within the limit.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<int> ReceiveAsync(
        this RxConnection connection, Memory<byte> memory, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        using CallTimeout limit = CallTimeout.Start(timeout, connection.TimeProvider, cancellationToken);
        try
        {
            return await connection.ReceiveAsync(memory, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException error)
        {
            throw Translate(error, limit, timeout, "receiving", cancellationToken);
        }
    }

    /// <summary>Sends all bytes. A send that had begun when the time was over leaves only <see cref="RxConnection.Abort"/>: the position in the stream is unknown.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="memory">Borrowed until the call ends, also when the time is over.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">The kernel did not take every byte within the limit.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public static async ValueTask SendAsync(
        this RxConnection connection, ReadOnlyMemory<byte> memory, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        using CallTimeout limit = CallTimeout.Start(timeout, connection.TimeProvider, cancellationToken);
        try
        {
            await connection.SendAsync(memory, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException error)
        {
            throw Translate(error, limit, timeout, "sending", cancellationToken);
        }
    }

    // The pooled token must not leave: it will be somebody else's.
    private static Exception Translate(OperationCanceledException error, CallTimeout limit, TimeSpan timeout, string doing, CancellationToken token) =>
        limit.HasElapsed
            ? new TimeoutException($"The time limit of {timeout} passed while {doing}.", error)
            : new OperationCanceledException(error.Message, error, token);
}
