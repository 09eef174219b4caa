using System.Buffers;
using System.Text;

namespace RxSockets.Tests.Operators.Framing;

public class FrameParserTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_frame_that_came_in_two_parts_leaves_nothing_behind_for_the_next(bool inPieces)
    {
        var parser = new FrameParser<ReadOnlySequence<byte>>(FrameDecoder.Delimited("\n"u8));
        Load(parser, "ab", inPieces);
        Assert.False(parser.TryNext(out _));
        Assert.Equal(2, parser.Seen);
        Load(parser, "ab\nc\n\n", inPieces);
        Assert.Equal(["ab", "c", ""], Frames(parser));
        Assert.Equal(6, parser.Consumed);
        Assert.Equal(0, parser.Seen);
        Assert.Null(parser.CreateEndError());
    }

    private static void Load(FrameParser<ReadOnlySequence<byte>> parser, string text, bool inPieces)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        if (inPieces)
            parser.Load(bytes);
        else
            parser.Load(new ReadOnlySequence<byte>(bytes));
    }

    private static IEnumerable<string> Frames(FrameParser<ReadOnlySequence<byte>> parser)
    {
        while (parser.TryNext(out ReadOnlySequence<byte> frame))
            yield return Encoding.ASCII.GetString(frame);
    }
}
