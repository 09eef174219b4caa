using Nito.AsyncEx;

namespace RxSockets;

/// <summary>A number of places for connections. A connection gives its place back when it is closed. Thread-safe.</summary>
internal sealed class ConnectionPlaces(int count)
{
    // An already cancelled token makes WaitAsync a try: Nito.AsyncEx takes what is free before it looks at the token.
    private static readonly CancellationToken s_now = new(canceled: true);

    private readonly AsyncSemaphore _free = new(count);

    /// <summary>Takes a place if one is free.</summary>
    public bool TryTake() => _free.WaitAsync(s_now).IsCompletedSuccessfully;

    public Task TakeAsync(CancellationToken token) => _free.WaitAsync(token);

    public void GiveBack() => _free.Release();

    /// <summary>The place that was taken is this connection's until it is closed.</summary>
    public void Occupy(IConnectionActivity connection) =>
        _ = connection.Closed.ContinueWith(static (_, places) => ((ConnectionPlaces)places!).GiveBack(), this, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
