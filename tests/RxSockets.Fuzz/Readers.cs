using System.Reactive.Concurrency;
using System.Reactive.Linq;
using RxSockets.Testing;

namespace RxSockets.Fuzz;

/// <summary>The ways in which the library reads frames of one decoder.</summary>
internal sealed class Readers<TFrame>(IFrameDecoder<TFrame> decoder, Func<TFrame, byte[]> copy)
{
    /// <summary>All of them, which must give the expected frames and end.</summary>
    public void MustRead(Reading expected, byte[] stream, List<byte[]> pieces)
    {
        Whole(stream).MustBe(expected, "in one piece");
        Growing(pieces).MustBe(expected, $"as a connection's bytes, {pieces.Count} pieces");
        Pushed(pieces).MustBe(expected, $"pushed, {pieces.Count} pieces");
        Pulled(pieces).MustBe(expected, $"pulled, {pieces.Count} pieces");
    }

    private Reading Whole(byte[] stream)
    {
        var parser = new FrameParser<TFrame>(decoder);
        return Read(parser, [stream.Length], _ => parser.Load(stream.AsMemory()));
    }

    // As a connection's reader: what is there grows, and is looked at from the first byte that was not consumed.
    private Reading Growing(List<byte[]> pieces)
    {
        var parser = new FrameParser<TFrame>(decoder);
        Piece[] linked = Piece.Link(pieces);
        long consumed = 0;
        return Read(parser, Enumerable.Range(1, linked.Length), count =>
        {
            consumed += parser.Consumed;
            parser.Load(Piece.Sequence(linked[0], linked[count - 1]).Slice(consumed));
        });
    }

    private Reading Read(FrameParser<TFrame> parser, IEnumerable<int> loads, Action<int> load)
    {
        List<byte[]> frames = [];
        Exception? error = null;
        try
        {
            foreach (int count in loads)
            {
                load(count);
                while (parser.TryNext(out TFrame? frame))
                    frames.Add(copy(frame));
                FindingException.Unless(parser.Seen < decoder.MaxLength, $"{parser.Seen} bytes are held for a frame, and the limit is {decoder.MaxLength}");
            }

            error = parser.CreateEndError();
        }
        catch (Exception thrown) when (thrown is not FindingException)
        {
            error = thrown;
        }

        return new Reading(frames, Reading.EndOf(error));
    }

    private Reading Pushed(List<byte[]> pieces)
    {
        List<byte[]> frames = [];
        Exception? error = null;
        bool completed = false;
        using IDisposable subscription = pieces.Select(static piece => ReceivedSegment.FromMemory(piece)).ToObservable(ImmediateScheduler.Instance)
            .Frames(decoder).Subscribe(frame => frames.Add(copy(frame)), failure => error = failure, () => completed = true);
        FindingException.Unless(completed ^ error is not null, "a stream that is pushed ends once");
        return new Reading(frames, Reading.EndOf(error));
    }

    private Reading Pulled(List<byte[]> pieces)
    {
        List<byte[]> frames = [];
        Exception? error = null;
        IAsyncEnumerator<TFrame> pulled = pieces.Select(static piece => ReceivedSegment.FromMemory(piece)).ToAsyncEnumerable().Frames(decoder).GetAsyncEnumerator();
        try
        {
            while (Now(pulled.MoveNextAsync().AsTask()))
                frames.Add(copy(pulled.Current));
        }
        catch (Exception thrown) when (thrown is not FindingException)
        {
            error = thrown;
        }

        Now(pulled.DisposeAsync().AsTask().ContinueWith(static task => task.IsCompletedSuccessfully, TaskContinuationOptions.ExecuteSynchronously));
        return new Reading(frames, Reading.EndOf(error));
    }

    // Nothing here waits for anything.
    private static bool Now(Task<bool> task)
    {
        FindingException.Unless(task.IsCompleted, "what is there is read at once");
        return task.GetAwaiter().GetResult();
    }
}
