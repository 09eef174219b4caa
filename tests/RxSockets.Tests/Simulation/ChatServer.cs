using System.Net;
using System.Net.Sockets;
using System.Reactive.Disposables;
using System.Reactive.Linq;
using System.Reactive.Subjects;

namespace RxSockets.Tests.Simulation;

/// <summary>A chat server as one Rx pipeline, as examples/Chat is: the first line of a guest is its name, and what anybody says everybody hears. Its clock is a parameter.</summary>
internal sealed class ChatServer(TimeProvider time) : IDisposable
{
    private readonly Subject<string> _said = new();
    private IDisposable? _serving;

    /// <summary>Guests in the room.</summary>
    public List<string> Names { get; } = [];

    public RxListener Listen(IPEndPoint endPoint, CompletionPort port)
    {
        RxListener listener = RxListener.Bind(endPoint, new ListenerOptions { CompletionPort = port });
        _serving = listener.Accepted
            .DropSilent(TimeSpan.FromSeconds(10), time)
            .DropIdle(TimeSpan.FromSeconds(300), time)
            .MergeConnections(Speak, static (_, _) => { })
            .Subscribe(_said.OnNext);
        return listener;
    }

    public void Dispose() => _serving?.Dispose();

    private IObservable<string> Speak(RxConnection connection)
    {
        string? name = null;
        var outbox = new Outbox(connection);
        IDisposable hearing = Disposable.Empty;
        return connection.Received.Lines(200)
            .Select(line =>
            {
                if (name is not null)
                    return $"{name}: {line}";
                name = line;
                Names.Add(name);
                hearing = _said.Subscribe(outbox.Say);
                return $"* {name} joined";
            })
            .Finally(() =>
            {
                hearing.Dispose();
                if (name is not null && Names.Remove(name))
                    _said.OnNext($"* {name} left");
            });
    }

    /// <summary>What a guest is still to be told. One that does not read misses the oldest lines, and holds up nobody.</summary>
    private sealed class Outbox(RxConnection connection)
    {
        private const int MostLines = 16;

        private readonly Queue<string> _lines = new();
        private bool _sending;

        public void Say(string line)
        {
            if (_lines.Count == MostLines)
                _lines.Dequeue();
            _lines.Enqueue(line);
            if (!_sending)
                _ = SendAsync();
        }

        private async Task SendAsync()
        {
            _sending = true;
            try
            {
                while (_lines.TryDequeue(out string? line))
                    await connection.SendLineAsync(line);
                _sending = false;
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // The guest is gone, and nothing more is sent to it.
            }
        }
    }
}
