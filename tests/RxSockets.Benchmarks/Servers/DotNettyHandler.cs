using DotNetty.Buffers;
using DotNetty.Common.Utilities;
using DotNetty.Transport.Channels;

namespace RxSockets.Benchmarks.Servers;

/// <summary>The services as handlers of a channel: written while reading, flushed when a round of reading ends.</summary>
internal sealed class DotNettyHandler(Service service) : ChannelHandlerAdapter
{
    private readonly byte[] _answer = service == Service.Burst ? new byte[ServeOptions.Pieces * ServeOptions.PieceBytes] : [];

    public override void ChannelActive(IChannelHandlerContext context)
    {
        if (service == Service.Stream)
            _ = StreamAsync(context);
    }

    public override void ChannelRead(IChannelHandlerContext context, object message)
    {
        switch (service)
        {
            case Service.Echo:
                context.WriteAsync(message);
                return;
            case Service.Accept:
                context.WriteAndFlushAsync(message).ContinueWith(_ => context.CloseAsync(), TaskContinuationOptions.ExecuteSynchronously);
                return;
            case Service.Burst:
                bool whole = ((IByteBuffer)message).GetByte(0) == 'c';
                int length = whole ? _answer.Length : ServeOptions.PieceBytes;
                for (int at = 0; at < _answer.Length; at += length)
                    context.WriteAsync(Unpooled.WrappedBuffer(_answer, at, length));
                break;
        }

        ReferenceCountUtil.Release(message);
    }

    public override void ChannelReadComplete(IChannelHandlerContext context) => context.Flush();

    public override void ExceptionCaught(IChannelHandlerContext context, Exception exception) => context.CloseAsync();

    private static async Task StreamAsync(IChannelHandlerContext context)
    {
        var bytes = new byte[ServeOptions.StreamBytes];
        while (context.Channel.Active)
            await context.WriteAndFlushAsync(Unpooled.WrappedBuffer(bytes));
    }
}
