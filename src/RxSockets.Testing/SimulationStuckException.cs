namespace RxSockets.Testing;

/// <summary>The body of a run waits for something that cannot come any more, or did not end within the run's limit of virtual time.</summary>
public sealed class SimulationStuckException : Exception
{
    /// <summary>Without a message of its own.</summary>
    public SimulationStuckException()
    {
    }

    /// <summary>With a message.</summary>
    public SimulationStuckException(string message)
        : base(message)
    {
    }

    /// <summary>With a message and a cause.</summary>
    public SimulationStuckException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
