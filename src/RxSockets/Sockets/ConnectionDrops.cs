namespace RxSockets.Sockets;

/// <summary>Ends of connections that a rule decided.</summary>
internal static class ConnectionDrops
{
    /// <summary>Counted before it is aborted: whoever waits for the end then finds it counted.</summary>
    public static void Drop(this Connection connection, DropRule rule, string description)
    {
        connection.Port.Diagnostics.Drops.Add(rule);
        connection.Abort(ConnectionCloseReason.Dropped, description);
    }
}
