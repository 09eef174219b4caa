using System.Net.Sockets;
using System.Reactive.Linq;
using RxSockets;

namespace Chat;

/// <summary>One client: its lines become what is said; what is said in the room is sent to it from a queue of its own.</summary>
internal sealed class Guest(RxConnection connection, Room room, House house)
{
    private const int LongestLine = 1000;

    // A guest who does not read misses the oldest lines; nobody waits for it.
    private const int LinesInQueue = 256;

    private readonly CancellationTokenSource _gone = new();
    private string? _name;

    /// <summary>What this guest says, until it leaves. Its connection is the pipeline's.</summary>
    public IObservable<string> Speak() => connection.Received
        .Lines(LongestLine)
        .RateLimit(house.LinesPerSecond, TimeSpan.FromSeconds(1), TimeProviderScheduler.System, () => Tell("* too fast, not heard"))
        .Select(static line => line.Trim())
        .TakeWhile(static line => line != "/quit")
        .Select(line => _name is null ? Enter(line) : $"{_name}: {line}")
        .OfType<string>()
        .Concat(Farewell())
        .Catch((Exception error) => Farewell().Concat(Observable.Throw<string>(error)))
        .Finally(() =>
        {
            Leave();
            _gone.Cancel();
        });

    private IObservable<string> Farewell() =>
        Observable.Defer(() => Leave() is { } farewell ? Observable.Return(farewell) : Observable.Empty<string>());

    private string? Enter(string name)
    {
        if (name.Length is 0 or > 20 || !room.TryEnter(name))
        {
            Tell("* that name is taken or not fit, say another");
            return null;
        }

        _name = name;
        _ = ListenAsync();
        return $"* {name} joined";
    }

    private string? Leave()
    {
        if (Interlocked.Exchange(ref _name, null) is not { } name)
            return null;
        room.Leave(name);
        return $"* {name} left";
    }

    private async Task ListenAsync()
    {
        try
        {
            await foreach (string line in room.Said.ToAsyncEnumerable(LinesInQueue, OverflowMode.DropOldest).WithCancellation(_gone.Token))
                await connection.SendLineAsync(line, _gone.Token);
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The guest is gone.
        }
    }

    private async void Tell(string line)
    {
        try
        {
            await connection.SendLineAsync(line, _gone.Token);
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The guest is gone.
        }
    }
}
