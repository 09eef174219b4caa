using System.Buffers;
using RxSockets.Streams;

namespace RxSockets;

/// <summary>
/// Frames pushed from a connection. Everything between two reads is one callback of the reader: a frame counts as consumed before it is passed to
/// OnNext, and whoever becomes the reader inside OnNext begins behind it once that unwinds. Disposal is looked at after each frame.
/// </summary>
internal sealed class FrameSubscription<TFrame> : IDisposable, IByteReaderOwner
{
    private const int ReadsPerTurn = 64;

    private readonly FrameParser<TFrame> _parser;
    private readonly IObserver<TFrame> _observer;
    private readonly ByteReader _reader;

    public FrameSubscription(IByteSource source, IFrameDecoder<TFrame> decoder, IObserver<TFrame> observer)
    {
        _parser = new FrameParser<TFrame>(decoder);
        _observer = observer;
        _reader = source.OpenReader(this, push: true);
        _reader.Begin();
    }

    public void Dispose() => _reader.Unsubscribe();

    void IByteReaderOwner.Ready()
    {
        for (int reads = 0; reads < ReadsPerTurn; reads++)
        {
            // Once the reader waits, its next turn may run on another thread before Read has returned: the parser is touched before, and not after.
            (long consumed, long seen) = (_parser.Consumed, _parser.Seen);
            _parser.Load(ReadOnlySequence<byte>.Empty);
            ReadStatus status = _reader.Read(consumed, seen, out ReadOnlySequence<byte> bytes);
            if (status == ReadStatus.Bytes)
                _parser.Load(bytes);
            switch (status)
            {
                case ReadStatus.Bytes when PushAll():
                    break;
                case ReadStatus.Ended:
                    End(_reader.CreateEndError(CancellationToken.None) ?? _parser.CreateEndError());
                    return;
                default:
                    return;
            }
        }

        _reader.Yield();
    }

    // False when the stream is over because of what the bytes are.
    private bool PushAll()
    {
        while (!_reader.IsOver)
        {
            TFrame? frame;
            try
            {
                if (!_parser.TryNext(out frame))
                    return true;
            }
            catch (Exception error)
            {
                End(error);
                return false;
            }

            try
            {
                _observer.OnNext(frame);
            }
            catch (Exception error)
            {
                // The connection is aborted; the next read finds that end.
                _reader.HandlerThrew(error);
                return true;
            }
        }

        return true;
    }

    // Leaves first: a subscriber that resubscribes from its end must find the place free.
    private void End(Exception? error)
    {
        _reader.Leave(_parser.Consumed);
        try
        {
            if (error is null)
                _observer.OnCompleted();
            else
                _observer.OnError(error);
        }
        catch (Exception thrown)
        {
            _reader.ReportUnhandled(thrown);
        }
    }
}
