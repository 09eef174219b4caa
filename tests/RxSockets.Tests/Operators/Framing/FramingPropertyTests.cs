using System.Reactive.Linq;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using RxSockets.Fuzz;
using RxSockets.Sockets;
using RxSockets.Streams;
using RxSockets.Tests.Testing;

namespace RxSockets.Tests.Operators.Framing;

/// <summary>Any split of any byte stream into segments gives the same frames, in every form of every framing; nothing hangs or outgrows its limit.</summary>
public class FramingPropertyTests
{
    [Property(MaxTest = 300)]
    public void Any_split_gives_the_same_frames(string[] texts, PositiveInt[] cuts)
    {
        // Text without line ends, so that the lines framing can carry it; the emoji brings code points of four bytes.
        byte[][] frames = [.. texts.Select(static text => Encoding.UTF8.GetBytes(Clean(text)))];
        foreach (Framing framing in Framing.All)
        {
            byte[] stream = [.. frames.SelectMany(framing.Encode)];
            List<byte[]> pieces = Split(stream, cuts);
            AssertFrames(framing, frames, Pushed(framing, pieces, out Exception? pushError), pushError);
            AssertFrames(framing, frames, Pulled(framing, pieces, out Exception? pullError), pullError);
            AssertFrames(framing, frames, FromConnection(framing, pieces, out Exception? connectionError), connectionError);
        }
    }

    [Property(MaxTest = 300)]
    public void Random_bytes_neither_hang_nor_outgrow_the_limit(byte[] bytes, PositiveInt[] cuts, PositiveInt repeat)
    {
        byte[] stream = [.. Enumerable.Repeat(bytes, 1 + (repeat.Get % 40)).SelectMany(static all => all)];
        List<byte[]> pieces = Split(stream, cuts);
        foreach (Framing framing in Framing.All)
        {
            List<byte[]> pushed = Pushed(framing, pieces, out Exception? pushError);
            List<byte[]> pulled = Pulled(framing, pieces, out Exception? pullError);
            Assert.Equal(pushed, pulled);
            Assert.Equal(pushError?.GetType(), pullError?.GetType());
            Assert.True(pushError is null or FrameTooLongException or InvalidDataException or EndOfStreamException, pushError?.ToString());
            List<byte[]> read = FromConnection(framing, pieces, out Exception? connectionError);
            Assert.Equal(pushed, read);
            Assert.Equal(pushError?.GetType(), connectionError?.GetType());
        }
    }

    // Frames around the limit, with bytes behind that are none: what fits comes, what does not is refused, and never is more kept than the limit and what
    // surrounds a frame.
    [Property(MaxTest = 200)]
    public void Any_limit_holds(NonNegativeInt limit, byte[][] frames, byte[] rest, PositiveInt[] cuts)
    {
        int most = 1 + (limit.Get % 40);
        foreach (Framing framing in Framing.WithLimit(most))
        {
            byte[] stream = [.. frames.SelectMany(frame => framing.Encode([.. frame.Select(static value => (byte)('a' + (value % 26)))])), .. rest];
            List<byte[]> pieces = Split(stream, cuts);
            List<byte[]> pushed = Pushed(framing, pieces, out Exception? error);
            Assert.Equal(pushed, Pulled(framing, pieces, out Exception? pullError));
            Assert.Equal(error?.GetType(), pullError?.GetType());
            Assert.True(error is null or FrameTooLongException or InvalidDataException or EndOfStreamException, error?.ToString());
            int whole = frames.TakeWhile(frame => frame.Length <= most).Count();
            Assert.True(pushed.Count >= whole, $"{framing}, at most {most}: {pushed.Count} frames of {whole} that are short enough");
            if (whole < frames.Length)
                Assert.IsType<FrameTooLongException>(error);
            // A line is text: each byte that is none becomes a character of three.
            Assert.All(pushed, frame => Assert.InRange(frame.Length, 0, 3 * most));
        }
    }

    private static string Clean(string? text)
    {
        string clean = (text ?? "").Replace('\n', 'n').Replace('\r', 'r').Replace('!', '?').ReplaceLineEndings("");
        // Lone surrogates have no UTF-8.
        return new string([.. clean.Where(static c => !char.IsSurrogate(c)).Take(60)]) + "😀";
    }

    private static void AssertFrames(Framing framing, byte[][] expected, List<byte[]> actual, Exception? error)
    {
        Assert.True(error is null, $"{framing}: {error}");
        Assert.Equal(expected, actual);
    }

    private static List<byte[]> Split(byte[] stream, PositiveInt[] cuts) => FuzzInput.Split(stream, [.. cuts.Select(static cut => (byte)(cut.Get % 17))], most: int.MaxValue);

    private static List<byte[]> Pushed(Framing framing, List<byte[]> pieces, out Exception? error)
    {
        List<byte[]> frames = [];
        Exception? thrown = null;
        bool completed = false;
        framing.Push(pieces.Select(static piece => ReceivedSegment.FromMemory(piece)).ToObservable(System.Reactive.Concurrency.ImmediateScheduler.Instance))
            .Subscribe(frames.Add, failure => thrown = failure, () => completed = true);
        Assert.True(completed ^ thrown is not null);
        error = thrown;
        return frames;
    }

    private static List<byte[]> Pulled(Framing framing, List<byte[]> pieces, out Exception? error)
    {
        List<byte[]> frames = [];
        error = null;
        IAsyncEnumerator<byte[]> pulled = framing.Pull(pieces.Select(static piece => ReceivedSegment.FromMemory(piece)).ToAsyncEnumerable()).GetAsyncEnumerator();
        try
        {
            while (Now(pulled.MoveNextAsync()))
                frames.Add(pulled.Current);
        }
        catch (Exception thrown)
        {
            error = thrown;
        }

        return frames;

        static bool Now(ValueTask<bool> task)
        {
            Assert.True(task.IsCompleted);
            return task.Result;
        }
    }

    private static List<byte[]> FromConnection(Framing framing, List<byte[]> pieces, out Exception? error)
    {
        var engine = new FakeEngine();
        var socket = new FakeSocket(engine);
        var connection = new Connection(engine.Port, socket);
        List<byte[]> frames = [];
        Exception? thrown = null;
        bool completed = false;
        using IDisposable subscription = framing.Push(new SegmentObservable(connection.Receive))
            .Subscribe(frames.Add, failure => thrown = failure, () => completed = true);
        engine.RunAll();
        foreach (byte[] whole in pieces)
        {
            foreach (byte[] piece in whole.Chunk(16))
            {
                if (thrown is not null)
                    break;
                int stops = socket.StopsAsked;
                socket.BringData(piece);
                if (socket.StopsAsked > stops)
                    socket.BringStop();
                // Sometimes several buffers lie there when the reader comes.
                if (piece.Length % 3 != 0 || socket.StopsAsked > stops)
                    engine.RunAll();
            }
        }

        engine.RunAll();
        if (thrown is null)
        {
            socket.BringEnd();
            engine.RunAll();
            Assert.True(completed ^ thrown is not null);
        }

        connection.Abort(ConnectionCloseReason.Aborted, "the test is over");
        Assert.Equal(0, engine.Pool.Rented);
        error = thrown;
        return frames;
    }
}
