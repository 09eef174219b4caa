using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;

namespace RxSockets;

/// <summary>
/// Connects to the first of several addresses that answers (RFC 8305): families alternate, each attempt gets a head start before the next one begins beside it, a
/// failure starts the next one at once. The losers are cancelled, and closed where they connected all the same.
/// </summary>
internal sealed class HappyEyeballs<TConnection>(
    Func<IPAddress, CancellationToken, ValueTask<TConnection>> connect, TimeSpan attemptDelay, TimeProvider time)
    where TConnection : IAsyncDisposable
{
    public async Task<TConnection> ConnectAsync(IReadOnlyList<IPAddress> addresses, CancellationToken token)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(token);
        var waiting = new Queue<IPAddress>(Interleave(addresses));
        List<Task<TConnection>> attempts = [];
        Task<TConnection>? winner = null;
        Exception? failure = null;
        try
        {
            while (winner is null)
            {
                // Whatever woke this up, a failure or the end of a head start, it is the next one's turn.
                Task headStart = Task.Delay(Timeout.InfiniteTimeSpan, time, stop.Token);
                if (waiting.TryDequeue(out IPAddress? address))
                {
                    attempts.Add(connect(address, stop.Token).AsTask());
                    if (waiting.Count > 0)
                        headStart = Task.Delay(attemptDelay, time, stop.Token);
                }

                if (attempts.Count == 0)
                    ExceptionDispatchInfo.Throw(failure ?? new SocketException((int)SocketError.HostNotFound));
                Task ended = await Task.WhenAny([headStart, .. attempts]).ConfigureAwait(false);
                token.ThrowIfCancellationRequested();
                winner = attempts.Find(static attempt => attempt.IsCompletedSuccessfully);
                foreach (Task<TConnection> failed in attempts.FindAll(static attempt => attempt.IsFaulted || attempt.IsCanceled))
                {
                    attempts.Remove(failed);
                    failure ??= failed.Exception?.InnerException;
                }
            }

            attempts.Remove(winner);
            return await winner.ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            foreach (Task<TConnection> loser in attempts)
                _ = CloseAsync(loser);
        }
    }

    /// <summary>The first address, then families alternating, in the order given (RFC 8305, section 4).</summary>
    internal static IEnumerable<IPAddress> Interleave(IReadOnlyList<IPAddress> addresses)
    {
        if (addresses.Count == 0)
            yield break;
        AddressFamily first = addresses[0].AddressFamily;
        var same = new Queue<IPAddress>(addresses.Where(address => address.AddressFamily == first));
        var other = new Queue<IPAddress>(addresses.Where(address => address.AddressFamily != first));
        while (same.Count + other.Count > 0)
        {
            if (same.TryDequeue(out IPAddress? one))
                yield return one;
            if (other.TryDequeue(out IPAddress? two))
                yield return two;
        }
    }

    private static async Task CloseAsync(Task<TConnection> loser)
    {
        try
        {
            TConnection connection = await loser.ConfigureAwait(false);
            await connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // A loser that failed is what a loser should do.
        }
    }
}
