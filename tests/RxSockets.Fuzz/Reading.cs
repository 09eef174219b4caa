namespace RxSockets.Fuzz;

/// <summary>What a reader makes of a stream: the frames, and how it ended.</summary>
internal sealed record Reading(IReadOnlyList<byte[]> Frames, string End)
{
    public const string Clean = "a clean end";
    public const string TooLong = nameof(FrameTooLongException);
    public const string Invalid = nameof(InvalidDataException);

    public static string Truncated(long bytes) => $"the end {bytes} bytes into a frame";

    /// <summary>The ends that are documented; null is a clean one. Anything else is thrown on, as a finding.</summary>
    public static string EndOf(Exception? error) => error switch
    {
        null => Clean,
        FrameTooLongException => TooLong,
        InvalidDataException => Invalid,
        EndOfStreamException truncated => truncated.Message.Replace("The stream ended", "the end", StringComparison.Ordinal).TrimEnd('.'),
        _ => throw new FindingException($"an exception that is not documented: {error}"),
    };

    public void MustBe(Reading expected, string way)
    {
        FindingException.UnlessEqual(expected.End, End, $"{way}, after {Frames.Count} frames of {expected.Frames.Count}");
        FindingException.UnlessEqual(expected.Frames.Count, Frames.Count, $"{way}, number of frames");
        for (int i = 0; i < Frames.Count; i++)
            FindingException.Unless(Frames[i].AsSpan().SequenceEqual(expected.Frames[i]), $"{way}: frame {i} is {Convert.ToHexString(Frames[i])}, not {Convert.ToHexString(expected.Frames[i])}");
    }
}
