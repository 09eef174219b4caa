using System.Threading.Channels;
using RxSockets.Sockets;

namespace RxSockets.Streams;

/// <summary>
/// The pulled form of a connection's completions. Listening begins when the enumerator is made; at most <see cref="TransmitHub.Limit"/> wait for a slow reader, then
/// the oldest are dropped.
/// </summary>
internal sealed class TransmittedEnumerable(TransmitHub hub, CancellationToken token) : IAsyncEnumerable<TransmitCompletion>
{
    public IAsyncEnumerator<TransmitCompletion> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        new Enumerator(hub, CancellationTokenSource.CreateLinkedTokenSource(token, cancellationToken));

    private sealed class Enumerator : TransmitListener, IAsyncEnumerator<TransmitCompletion>
    {
        private readonly TransmitHub _hub;
        private readonly CancellationTokenSource _cancel;
        private readonly Channel<TransmitCompletion> _items = Channel.CreateBounded<TransmitCompletion>(new BoundedChannelOptions(TransmitHub.Limit)
        {
            FullMode = BoundedChannelFullMode.DropOldest,
            SingleReader = true,
            SingleWriter = true,
            // The hub tells where completions run, and that is where the reader goes on.
            AllowSynchronousContinuations = true,
        });

        private TransmitCompletion _current;

        public Enumerator(TransmitHub hub, CancellationTokenSource cancel)
        {
            _hub = hub;
            _cancel = cancel;
            hub.Join(this);
        }

        public TransmitCompletion Current => _current;

        public async ValueTask<bool> MoveNextAsync()
        {
            while (!_items.Reader.TryRead(out _current))
            {
                if (!await _items.Reader.WaitToReadAsync(_cancel.Token).ConfigureAwait(false))
                    return false;
            }

            return true;
        }

        public ValueTask DisposeAsync()
        {
            Stop();
            _hub.Leave(this);
            _cancel.Dispose();
            return ValueTask.CompletedTask;
        }

        protected override void OnNext(TransmitCompletion item) => _items.Writer.TryWrite(item);

        protected override void OnCompleted() => _items.Writer.TryComplete();
    }
}
