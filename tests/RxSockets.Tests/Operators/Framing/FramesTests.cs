using System.Buffers;
using System.Reactive.Linq;
using System.Reactive.Subjects;
using System.Text;
using Microsoft.Reactive.Testing;

namespace RxSockets.Tests.Operators.Framing;

/// <summary>Framing operators over any pushed source, on virtual ticks.</summary>
public class FramesTests : ReactiveTest
{
    private readonly TestScheduler _scheduler = new();

    private static ReceivedSegment Segment(string text) => ReceivedSegment.FromMemory(Encoding.UTF8.GetBytes(text));

    private static Recorded<System.Reactive.Notification<ReceivedSegment>> Next(long ticks, string text) => OnNext(ticks, Segment(text));

    [Fact]
    public void Lines_come_with_the_segment_that_ends_them()
    {
        ITestableObservable<ReceivedSegment> source = _scheduler.CreateHotObservable(
            Next(210, "a\nb"), Next(220, "c\r"), Next(230, "\n\n"), Next(240, "ä\r\r\n"), OnCompleted<ReceivedSegment>(300));

        ITestableObserver<string> seen = _scheduler.Start(() => source.Lines(), 100, 200, 1000);

        ReactiveAssert.AreElementsEqual(
            [OnNext(210, "a"), OnNext(230, "bc"), OnNext(230, ""), OnNext(240, "ä\r"), OnCompleted<string>(300)], seen.Messages);
        ReactiveAssert.AreElementsEqual([Subscribe(200, 300)], source.Subscriptions);
    }

    [Fact]
    public void A_code_point_may_be_split_and_nonsense_is_replaced()
    {
        byte[] text = Encoding.UTF8.GetBytes("€\n");
        ITestableObservable<ReceivedSegment> source = _scheduler.CreateHotObservable(
            OnNext(210, ReceivedSegment.FromMemory(text.AsMemory(0, 1))),
            OnNext(220, ReceivedSegment.FromMemory(text.AsMemory(1, 1))),
            OnNext(230, ReceivedSegment.FromMemory(text.AsMemory(2))),
            OnNext(240, ReceivedSegment.FromMemory(new byte[] { 0xFF, (byte)'\n' })));

        ITestableObserver<string> seen = _scheduler.Start(() => source.Lines(), 100, 200, 1000);

        ReactiveAssert.AreElementsEqual([OnNext(230, "€"), OnNext(240, "�")], seen.Messages);
    }

    [Fact]
    public void A_truncated_line_fails_at_the_end()
    {
        ITestableObservable<ReceivedSegment> source = _scheduler.CreateHotObservable(Next(210, "a\nb"), OnCompleted<ReceivedSegment>(300));
        ITestableObserver<string> seen = _scheduler.Start(() => source.Lines(), 100, 200, 1000);
        ReactiveAssert.AreElementsEqual(
            [OnNext(210, "a"), OnError<string>(300, static error => error is EndOfStreamException && error.Message.Contains("1 bytes"))], seen.Messages);
    }

    [Theory]
    [InlineData("12345", true)]
    [InlineData("12345\r", true)]
    [InlineData("123456", false)]
    [InlineData("12345\rx", false)]
    public void The_longest_line_fits_and_one_byte_more_fails_before_its_end_is_there(string text, bool fits)
    {
        ITestableObservable<ReceivedSegment> source = _scheduler.CreateHotObservable(Next(210, text), Next(220, "\n"));
        ITestableObserver<string> seen = _scheduler.Start(() => source.Lines(maxLength: 5), 100, 200, 1000);
        ReactiveAssert.AreElementsEqual(
            fits ? [OnNext(220, "12345")] : [OnError<string>(210, static error => error is FrameTooLongException { MaxLength: 5 })], seen.Messages);
        ReactiveAssert.AreElementsEqual([Subscribe(200, fits ? 1000 : 210)], source.Subscriptions);
    }

    [Theory]
    [InlineData("12345-", true)]
    [InlineData("12345--", true)]
    [InlineData("123456--", false)]
    [InlineData("123456-", false)]
    public void The_longest_delimited_frame_fits(string text, bool fits)
    {
        ITestableObservable<ReceivedSegment> source = _scheduler.CreateHotObservable(Next(210, text), Next(220, "-"));
        ITestableObserver<string> seen = _scheduler.Start(
            () => source.Delimited("--"u8, maxLength: 5).Select(static frame => Encoding.ASCII.GetString(frame)), 100, 200, 1000);
        Assert.Equal(fits, seen.Messages[0].Value.HasValue);
        Assert.Equal(text.Length == 6 ? 220 : 210, seen.Messages[0].Time);
    }

    [Fact]
    public void A_length_that_is_too_long_fails_with_its_prefix()
    {
        ITestableObservable<ReceivedSegment> source = _scheduler.CreateHotObservable(
            OnNext(210, ReceivedSegment.FromMemory(new byte[] { 3, 1, 2, 3, 4 })), OnNext(220, ReceivedSegment.FromMemory(new byte[] { 1 })));
        ITestableObserver<int> seen = _scheduler.Start(
            () => source.LengthPrefixed(LengthPrefix.Byte, maxLength: 3).Select(static frame => (int)frame.Length), 100, 200, 1000);
        ReactiveAssert.AreElementsEqual([OnNext(210, 3), OnError<int>(210, static error => error is FrameTooLongException { MaxLength: 3 })], seen.Messages);
    }

    [Fact]
    public void A_varint_that_does_not_end_is_invalid_data()
    {
        byte[] endless = [.. Enumerable.Repeat((byte)0x80, 10)];
        ITestableObservable<ReceivedSegment> source = _scheduler.CreateHotObservable(OnNext(210, ReceivedSegment.FromMemory(endless)));
        ITestableObserver<int> seen = _scheduler.Start(
            () => source.LengthPrefixed(LengthPrefix.Varint).Select(static frame => (int)frame.Length), 100, 200, 1000);
        ReactiveAssert.AreElementsEqual([OnError<int>(210, static error => error is InvalidDataException)], seen.Messages);
    }

    [Fact]
    public void Unsubscribing_inside_a_frame_ends_the_segment()
    {
        using var source = new Subject<ReceivedSegment>();
        var seen = new List<string>();
        source.Lines().Take(1).Subscribe(seen.Add);
        source.OnNext(Segment("a\nb\n"));
        Assert.Equal(["a"], seen);
        Assert.False(source.HasObservers);
    }

    [Fact]
    public void The_error_of_the_source_goes_through_unchanged()
    {
        var failure = new InvalidOperationException("by the test");
        ITestableObservable<ReceivedSegment> source = _scheduler.CreateHotObservable(Next(210, "par"), OnError<ReceivedSegment>(220, failure));
        ITestableObserver<string> seen = _scheduler.Start(() => source.Lines(), 100, 200, 1000);
        ReactiveAssert.AreElementsEqual([OnError<string>(220, failure)], seen.Messages);
    }

    [Fact]
    public async Task A_throwing_source_ends_the_pulled_frames_with_its_own_exception()
    {
        List<string> seen = [];
        var error = await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await foreach (string line in FailingAsync().Lines())
                seen.Add(line);
        });
        Assert.Contains(nameof(FailingAsync), error.StackTrace);
        Assert.Equal(["a"], seen);

        static async IAsyncEnumerable<ReceivedSegment> FailingAsync()
        {
            yield return Segment("a\n");
            await Task.Yield();
            throw new InvalidOperationException("by the test");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(4)]
    public void A_decoder_that_consumes_nonsense_is_an_error(int consumed)
    {
        ITestableObservable<ReceivedSegment> source = _scheduler.CreateHotObservable(Next(210, "abc"));
        ITestableObserver<int> seen = _scheduler.Start(() => source.Frames(new Nonsense(consumed, found: true)), 100, 200, 1000);
        ReactiveAssert.AreElementsEqual([OnError<int>(210, static error => error is InvalidOperationException)], seen.Messages);
    }

    [Fact]
    public void A_decoder_that_never_finds_a_frame_is_stopped_at_its_limit()
    {
        ITestableObservable<ReceivedSegment> source = _scheduler.CreateHotObservable(Next(210, "abc"), Next(220, "d"), Next(230, "e"));
        ITestableObserver<int> seen = _scheduler.Start(() => source.Frames(new Nonsense(1, found: false)), 100, 200, 1000);
        ReactiveAssert.AreElementsEqual([OnError<int>(230, static error => error is FrameTooLongException { MaxLength: 5 })], seen.Messages);
    }

    [Fact]
    public void A_frame_in_many_segments_is_searched_once()
    {
        // Every byte is looked at by one call only, whatever the number of segments: a decoder that kept no place would be quadratic.
        var decoder = new Counting();
        using var source = new Subject<ReceivedSegment>();
        int frames = 0;
        source.Frames(decoder).Subscribe(_ => frames++);
        for (int i = 0; i < 100; i++)
            source.OnNext(Segment("x"));
        source.OnNext(Segment("\n"));
        Assert.Equal(1, frames);
        Assert.Equal(101, decoder.Looked);
    }

    private sealed class Nonsense(int take, bool found) : IFrameDecoder<int>
    {
        public long MaxLength => 5;

        public bool TryDecode(in ReadOnlySequence<byte> bytes, ref long examined, out long consumed, out int frame)
        {
            consumed = take;
            frame = 7;
            return found;
        }
    }

    private sealed class Counting : IFrameDecoder<int>
    {
        public long MaxLength => 1000;

        public int Looked { get; private set; }

        public bool TryDecode(in ReadOnlySequence<byte> bytes, ref long examined, out long consumed, out int frame)
        {
            frame = 0;
            Looked += (int)(bytes.Length - examined);
            examined = bytes.Length;
            consumed = bytes.Length;
            return bytes.Slice(bytes.Length - 1).FirstSpan[0] == '\n';
        }
    }
}
