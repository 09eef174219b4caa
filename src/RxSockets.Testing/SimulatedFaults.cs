namespace RxSockets.Testing;

/// <summary>
/// What goes wrong in a <see cref="SimulatedNetwork"/>: how likely, for each operation, from 0 (never, the default) to 1. The seed decides when. What the faults do is
/// what kernels do now and then; none of them is against the rules.
/// </summary>
public sealed class SimulatedFaults
{
    /// <summary>A receive brings a part of what is there.</summary>
    public double PartialReceive { get; set; }

    /// <summary>A send is taken piece by piece.</summary>
    public double PartialSend { get; set; }

    /// <summary>A receive fails, and with it the connection: ConnectionReset or TimedOut, at the other end ConnectionReset.</summary>
    public double ReceiveError { get; set; }

    /// <summary>A send fails after a part of it was taken, and with it the connection.</summary>
    public double SendError { get; set; }

    /// <summary>An accept fails: its client is lost, or accepting pauses because descriptors or memory ran out.</summary>
    public double AcceptError { get; set; }

    /// <summary>A connect fails: ConnectionRefused, TimedOut, NetworkUnreachable or HostUnreachable.</summary>
    public double ConnectError { get; set; }

    /// <summary>A FIN fails because the connection is reset at that moment, or a handle that should be kept for reuse is closed.</summary>
    public double CloseError { get; set; }

    /// <summary>A completion comes late, by up to <see cref="MaxLateness"/>, so that completions of different connections come out of order.</summary>
    public double LateCompletion { get; set; }

    /// <summary>How late. Default 20 ms.</summary>
    public TimeSpan MaxLateness { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>A cancel or stop comes too late or is not heard: what it was meant for goes on to its own end.</summary>
    public double CancelRefused { get; set; }

    /// <summary>A receive or accept that would go on by itself is over after one completion.</summary>
    public double MultishotEnd { get; set; }

    /// <summary>The completion queue of a port overflows: its completions are held for up to <see cref="MaxLateness"/> and then come at once, in any order.</summary>
    public double CompletionOverflow { get; set; }

    /// <summary>A completion comes a second time, later, when its place has perhaps another owner; the engine has to tell it by its generation.</summary>
    public double StaleCompletion { get; set; }

    /// <summary>What is ready runs in another order than it became ready, as it does on a thread pool.</summary>
    public double Reordering { get; set; }

    internal SimulatedFaults Validated()
    {
        ReadOnlySpan<double> all =
        [
            PartialReceive, PartialSend, ReceiveError, SendError, AcceptError, ConnectError, CloseError, LateCompletion, CancelRefused, MultishotEnd,
            CompletionOverflow, StaleCompletion, Reordering,
        ];
        foreach (double probability in all)
        {
            if (probability is not (>= 0 and <= 1))
                throw new ArgumentOutOfRangeException(nameof(SimulatedFaults), probability, "A probability is from 0 to 1.");
        }

        Limits.Positive(MaxLateness, nameof(MaxLateness));
        return (SimulatedFaults)MemberwiseClone();
    }
}
