namespace RxSockets;

/// <summary>A frame is longer than the reader allows. Raised before the frame is buffered; what belongs to it stays unread.</summary>
public sealed class FrameTooLongException : IOException
{
    /// <summary>An exception without a stated limit.</summary>
    public FrameTooLongException()
    {
    }

    /// <summary>An exception with a message.</summary>
    public FrameTooLongException(string message)
        : base(message)
    {
    }

    /// <summary>An exception with a message and its cause.</summary>
    public FrameTooLongException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>The usual one: names the limit.</summary>
    public FrameTooLongException(long maxLength)
        : base($"A frame is longer than the {maxLength} bytes allowed.") => MaxLength = maxLength;

    /// <summary>The limit in bytes.</summary>
    public long MaxLength { get; }
}
