using System.Runtime.CompilerServices;

namespace RxSockets;

/// <summary>
/// Frames pulled from any stream of segments; as <see cref="FrameObserver{TFrame}"/>. Written out, since an iterator takes more time for a frame that is there than
/// finding it does.
/// </summary>
internal sealed class SegmentFrameEnumerator<TFrame>(IAsyncEnumerator<ReceivedSegment> source, IFrameDecoder<TFrame> decoder) : IAsyncEnumerator<TFrame>
{
    private readonly FrameParser<TFrame> _parser = new(decoder);
    private readonly FrameCarry _carry = new();
    private TFrame? _current;
    private ReadOnlyMemory<byte> _segment;
    private bool _over;

    public TFrame Current => _current!;

    public ValueTask<bool> MoveNextAsync()
    {
        try
        {
            if (!_over && _parser.TryNext(out _current))
                return new ValueTask<bool>(true);
        }
        catch (Exception error)
        {
            _over = true;
            return ValueTask.FromException<bool>(error);
        }

        return PullAsync();
    }

    public ValueTask DisposeAsync()
    {
        _over = true;
        _current = default;
        _carry.Dispose();
        return source.DisposeAsync();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> PullAsync()
    {
        while (!_over)
        {
            _carry.Keep(_segment, _parser.Consumed);
            _segment = default;
            try
            {
                if (!await source.MoveNextAsync().ConfigureAwait(false))
                    break;
                _segment = source.Current.Memory;
                _carry.Load(_parser, _segment);
                if (_parser.TryNext(out _current))
                    return true;
            }
            catch
            {
                _over = true;
                throw;
            }
        }

        _current = default;
        if (_over || _parser.CreateEndError() is not { } truncated)
            return false;
        _over = true;
        throw truncated;
    }
}
