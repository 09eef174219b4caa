using System.Threading.Channels;

namespace RxSockets;

/// <summary>The pushing end of a bridge: writes into a bounded channel and says when it is full.</summary>
internal sealed class ChannelObserver<T>(int capacity, OverflowMode overflow) : IObserver<T>
{
    private readonly Channel<T> _channel = Channel.CreateBounded<T>(new BoundedChannelOptions(capacity)
    {
        SingleReader = true,
        FullMode = overflow switch
        {
            OverflowMode.DropOldest => BoundedChannelFullMode.DropOldest,
            OverflowMode.DropNewest => BoundedChannelFullMode.DropNewest,
            _ => BoundedChannelFullMode.Wait,
        },
    });

    public ChannelReader<T> Reader => _channel.Reader;

    public void OnNext(T value)
    {
        if (_channel.Writer.TryWrite(value))
            return;
        if (overflow == OverflowMode.Fail)
            _channel.Writer.TryComplete(new BridgeOverflowException(capacity));
        else
            WaitForRoom(value);
    }

    public void OnError(Exception error) => _channel.Writer.TryComplete(error);

    public void OnCompleted() => _channel.Writer.TryComplete();

    // Ends also when the reader leaves: that completes the channel.
    private void WaitForRoom(T value)
    {
        while (_channel.Writer.WaitToWriteAsync().AsTask().GetAwaiter().GetResult())
        {
            if (_channel.Writer.TryWrite(value))
                return;
        }
    }
}
