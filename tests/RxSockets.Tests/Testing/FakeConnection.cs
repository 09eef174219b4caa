namespace RxSockets.Tests.Testing;

/// <summary>A connection without a socket, on a clock of the test's.</summary>
internal sealed class FakeConnection(TimeProvider time, string name = "") : IConnectionActivity, IAsyncDisposable
{
    private readonly TaskCompletionSource _closed = new();
    private readonly long _established = time.GetTimestamp();
    private long? _received;
    private long? _sent;

    public string Name => name;

    /// <summary>How old it was when it came.</summary>
    public TimeSpan Backlog { get; set; }

    public bool IsClosed => _closed.Task.IsCompleted;

    public TimeSpan? Age => _closed.Task.IsCompleted ? null : time.GetElapsedTime(_established) + Backlog;

    public TimeSpan SinceLastReceive => _received is { } at ? time.GetElapsedTime(at) : time.GetElapsedTime(_established) + Backlog;

    public TimeSpan SinceLastActivity => _sent is { } at && time.GetElapsedTime(at) < SinceLastReceive ? time.GetElapsedTime(at) : SinceLastReceive;

    public long BytesReceived { get; private set; }

    public long UnreadBytes { get; set; }

    public Task Closed => _closed.Task;

    public string? AbortReason { get; private set; }

    public DateTimeOffset AbortedAt { get; private set; }

    public int Disposals { get; private set; }

    public Exception? ThrownByDisposal { get; init; }

    public void Receive()
    {
        BytesReceived++;
        _received = time.GetTimestamp();
    }

    public void Send() => _sent = time.GetTimestamp();

    public void Close() => _closed.TrySetResult();

    public void Abort(string reason)
    {
        Assert.Null(AbortReason);
        AbortReason = reason;
        AbortedAt = time.GetUtcNow();
        Close();
    }

    public ValueTask DisposeAsync()
    {
        Disposals++;
        Close();
        return ThrownByDisposal is null ? ValueTask.CompletedTask : ValueTask.FromException(ThrownByDisposal);
    }

    public override string ToString() => name;
}
