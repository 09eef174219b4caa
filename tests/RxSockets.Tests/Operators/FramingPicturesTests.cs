using System.Buffers;
using System.Reactive.Linq;
using System.Reactive.Subjects;
using System.Text;
using System.Text.RegularExpressions;
using RxSockets.Tests.Architecture;

namespace RxSockets.Tests.Operators;

/// <summary>The pictures of framing operators in docs/operators.md, drawn again from a run of what they show.</summary>
public class FramingPicturesTests
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(SourceFile.RepositoryRoot, "docs", "operators.md")).ReplaceLineEndings("\n");

    [Fact]
    public void Lines() => Check("Lines", static segments => segments.Lines());

    [Fact]
    public void Delimited() => Check("Delimited(\";;\")", static segments => segments.Delimited(";;"u8).Select(Text));

    [Fact]
    public void LengthPrefixed() => Check("LengthPrefixed(Byte)", static segments => segments.LengthPrefixed(LengthPrefix.Byte).Select(Text));

    [Fact]
    public void Frames() => Check("Frames(pairs)", static segments => segments.Frames(new Pairs()));

    private static void Check(string label, Func<IObservable<ReceivedSegment>, IObservable<string>> framing)
    {
        Match rows = Regex.Match(s_page, $@"^    segments +(?<segments>\S+)\n    {Regex.Escape(label)} +(?<frames>\S+)", RegexOptions.Multiline);
        Assert.True(rows.Success, $"no picture of {label} on segments");
        Assert.Equal(Drawn(rows.Groups["segments"].Value, framing), rows.Groups["frames"].Value);
    }

    /// <summary>What comes of a row of segments, each frame under the segment that brought it.</summary>
    private static string Drawn(string row, Func<IObservable<ReceivedSegment>, IObservable<string>> framing)
    {
        using var segments = new Subject<ReceivedSegment>();
        var frames = new List<string>();
        char end = '\0';
        using IDisposable subscription = framing(segments).Subscribe(frame => frames.Add($"\"{frame}\""), error => end = error is EndOfStreamException ? '#' : '?', () => end = '|');
        var picture = new StringBuilder();
        foreach (Match token in Regex.Matches(row, "\"(?<text>[^\"]*)\"|\\|"))
        {
            frames.Clear();
            if (token.Value == "|")
                segments.OnCompleted();
            else
                segments.OnNext(ReceivedSegment.FromMemory(Encoding.UTF8.GetBytes(Regex.Unescape(token.Groups["text"].Value))));
            if (frames.Count > 0 || token.Value == "|")
                picture.Append('-', token.Index - picture.Length);
            picture.Append(frames.Count > 1 ? $"({string.Concat(frames)})" : string.Concat(frames));
        }

        return picture.Append(end).ToString();
    }

    private static string Text(ReadOnlySequence<byte> frame) => Encoding.UTF8.GetString(frame);

    private sealed class Pairs : IFrameDecoder<string>
    {
        public long MaxLength => 2;

        public bool TryDecode(in ReadOnlySequence<byte> bytes, ref long examined, out long consumed, out string frame)
        {
            bool whole = bytes.Length >= 2;
            consumed = whole ? 2 : 0;
            frame = whole ? Text(bytes.Slice(0, 2)) : "";
            return whole;
        }
    }
}
