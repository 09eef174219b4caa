namespace RxSockets;

/// <summary>A bounded bridge was full and was told to fail then.</summary>
public sealed class BridgeOverflowException : Exception
{
    /// <summary>An exception without a stated capacity.</summary>
    public BridgeOverflowException()
    {
    }

    /// <summary>An exception with a message.</summary>
    public BridgeOverflowException(string message)
        : base(message)
    {
    }

    /// <summary>An exception with a message and its cause.</summary>
    public BridgeOverflowException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>The usual one: names the capacity.</summary>
    public BridgeOverflowException(int capacity)
        : base($"The reader is too slow: {capacity} items wait, which is all there is room for.")
    {
    }
}
