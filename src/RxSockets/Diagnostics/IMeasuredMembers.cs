namespace RxSockets.Diagnostics;

/// <summary>The members of a port, as a measurement sees them.</summary>
internal interface IMeasuredMembers
{
    /// <summary>Walks what is open and adds what has left: a sum that does not go back. Any thread.</summary>
    MemberTotals Measure();
}
