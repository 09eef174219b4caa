using System.Buffers;
using System.Threading.Tasks.Sources;
using RxSockets.Streams;

namespace RxSockets;

/// <summary>Frames pulled from a connection. MoveNextAsync allocates nothing: the enumerator is the awaitable. One call at a time.</summary>
internal sealed class FrameEnumerator<TFrame> : IAsyncEnumerator<TFrame>, IValueTaskSource<bool>, IByteReaderOwner
{
    private readonly FrameParser<TFrame> _parser;
    private readonly ByteReader _reader;
    private readonly CancellationToken _streamToken;
    private readonly CancellationToken _callToken;
    private ManualResetValueTaskSourceCore<bool> _core;
    private CancellationTokenRegistration _streamRegistration;
    private CancellationTokenRegistration _callRegistration;
    private TFrame? _current;
    private bool _begun;
    private bool _finished;

    public FrameEnumerator(IByteSource source, IFrameDecoder<TFrame> decoder, CancellationToken token)
    {
        _parser = new FrameParser<TFrame>(decoder);
        _reader = source.OpenReader(this, push: false);
        _streamToken = source.Token;
        _callToken = token == source.Token ? CancellationToken.None : token;
    }

    public TFrame Current => _current!;

    public ValueTask<bool> MoveNextAsync()
    {
        if (_finished)
            return new ValueTask<bool>(false);
        _core.Reset();
        if (!_begun)
            Begin();
        return TryMove(out bool found, out Exception? error)
            ? error is null ? new ValueTask<bool>(found) : ValueTask.FromException<bool>(error)
            : new ValueTask<bool>(this, _core.Version);
    }

    public ValueTask DisposeAsync()
    {
        Finish();
        return ValueTask.CompletedTask;
    }

    void IByteReaderOwner.Ready()
    {
        if (!TryMove(out bool found, out Exception? error))
            return;
        if (error is null)
            _core.SetResult(found);
        else
            _core.SetException(error);
    }

    bool IValueTaskSource<bool>.GetResult(short version) => _core.GetResult(version);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short version) => _core.GetStatus(version);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short version, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, version, flags);

    // False: pending, Ready will be called.
    private bool TryMove(out bool found, out Exception? error)
    {
        found = false;
        error = null;
        try
        {
            while (_reader.IsOver || !_parser.TryNext(out _current))
            {
                // Once the reader waits, Ready may run on another thread before Read has returned: the parser is touched before, and not after.
                (long consumed, long seen) = (_parser.Consumed, _parser.Seen);
                _parser.Load(ReadOnlySequence<byte>.Empty);
                ReadStatus status = _reader.Read(consumed, seen, out ReadOnlySequence<byte> bytes);
                if (status == ReadStatus.Pending)
                    return false;
                if (status == ReadStatus.Bytes)
                {
                    _parser.Load(bytes);
                    continue;
                }

                error = _reader.CreateEndError(_callToken.IsCancellationRequested ? _callToken : _streamToken) ?? _parser.CreateEndError();
                Finish();
                return true;
            }

            found = true;
        }
        catch (Exception thrown)
        {
            error = thrown;
            Finish();
        }

        return true;
    }

    private void Begin()
    {
        _begun = true;
        _reader.Begin();
        // After beginning: a token that is cancelled already calls back at once, and the reader then finds that.
        _streamRegistration = _streamToken.UnsafeRegister(static state => ((ByteReader)state!).Cancel(), _reader);
        _callRegistration = _callToken.UnsafeRegister(static state => ((ByteReader)state!).Cancel(), _reader);
    }

    private void Finish()
    {
        if (_finished)
            return;
        _finished = true;
        _current = default;
        if (!_begun)
            return;
        _reader.Leave(_parser.Consumed);
        _streamRegistration.Unregister();
        _callRegistration.Unregister();
    }
}
