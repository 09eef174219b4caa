using System.Reactive.Disposables;

namespace RxSockets;

/// <summary>
/// Frames of segments that any source pushes. Such a source keeps nothing: what lies behind the last frame of a segment is kept here until the
/// next one comes, and is lost when the subscriber leaves.
/// </summary>
internal sealed class FrameObserver<TFrame>(IFrameDecoder<TFrame> decoder, IObserver<TFrame> observer) : IObserver<ReceivedSegment>, IDisposable
{
    private readonly FrameParser<TFrame> _parser = new(decoder);
    private readonly FrameCarry _carry = new();
    private readonly SingleAssignmentDisposable _subscription = new();
    private bool _over;

    public void SubscribeTo(IObservable<ReceivedSegment> source) => _subscription.Disposable = source.Subscribe(this);

    // Does not touch the kept bytes: a frame over them may be out, on another thread.
    public void Dispose()
    {
        Volatile.Write(ref _over, true);
        _subscription.Dispose();
    }

    public void OnNext(ReceivedSegment value)
    {
        ReadOnlyMemory<byte> segment = value.Memory;
        _carry.Load(_parser, segment);
        while (!Volatile.Read(ref _over))
        {
            TFrame? frame;
            try
            {
                if (!_parser.TryNext(out frame))
                {
                    _carry.Keep(segment, _parser.Consumed);
                    return;
                }
            }
            catch (Exception error)
            {
                OnError(error);
                return;
            }

            observer.OnNext(frame);
        }
    }

    public void OnError(Exception error)
    {
        if (!End())
            return;
        observer.OnError(error);
    }

    public void OnCompleted()
    {
        if (!End())
            return;
        if (_parser.CreateEndError() is { } truncated)
            observer.OnError(truncated);
        else
            observer.OnCompleted();
    }

    private bool End()
    {
        if (Volatile.Read(ref _over))
            return false;
        Dispose();
        _carry.Dispose();
        return true;
    }
}
