namespace RxSockets.Streams;

/// <summary>
/// A stream of segments whose unread bytes can also be read as PipeReader reads: by that, an operator that leaves in the middle of a segment
/// loses nothing. Operators look for it on the source they are given.
/// </summary>
internal interface IByteSource
{
    /// <summary>The token the stream was made with.</summary>
    CancellationToken Token { get; }

    /// <summary>A reader that has not begun. With <paramref name="push"/> its owner runs under the ExecutionContext of this call.</summary>
    ByteReader OpenReader(IByteReaderOwner owner, bool push);
}

/// <summary>Who is told that reading may go on.</summary>
internal interface IByteReaderOwner
{
    /// <summary>Runs where completions run, one at a time.</summary>
    void Ready();
}
