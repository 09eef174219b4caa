using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace RxSockets;

/// <summary>
/// Connects, hands the connection over, waits until it is closed, pauses, and begins again, for ever. A failed connect pauses too; only failures that may
/// pass are tried again. The next pause is longer unless the last connection lived for the longest pause.
/// </summary>
internal sealed class Reconnecting<TConnection>(
    Func<CancellationToken, ValueTask<TConnection>> connect, Backoff backoff, TimeProvider time, Action<Exception>? onFailure, Func<double> chance)
    where TConnection : IConnectionActivity
{
    public async IAsyncEnumerable<TConnection> RunAsync([EnumeratorCancellation] CancellationToken token = default)
    {
        for (int failures = 0; ;)
        {
            (TConnection? connection, Exception? failure) = await TryAsync(token).ConfigureAwait(false);
            if (failure is null)
            {
                long established = time.GetTimestamp();
                yield return connection!;
                await connection!.Closed.WaitAsync(token).ConfigureAwait(false);
                if (time.GetElapsedTime(established) >= backoff.Longest)
                    failures = 0;
            }
            else
            {
                onFailure?.Invoke(failure);
            }

            await Task.Delay(backoff.PauseAfter(failures, chance()), time, token).ConfigureAwait(false);
            failures++;
        }
    }

    // What a later try may cure: anything that the network says, and a time-out. Wrong arguments or a disposed port are thrown.
    private async ValueTask<(TConnection? Connection, Exception? Failure)> TryAsync(CancellationToken token)
    {
        try
        {
            return (await connect(token).ConfigureAwait(false), null);
        }
        catch (Exception error) when (error is SocketException or TimeoutException)
        {
            return (default, error);
        }
    }
}
