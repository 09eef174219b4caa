namespace RxSockets;

/// <summary>A connection whose port counts which rule dropped it.</summary>
internal interface IConnectionDrop
{
    void Drop(DropRule rule, string reason);
}

/// <summary>How operators drop a connection: whoever stands in for one in a test is aborted.</summary>
internal static class ConnectionDrop
{
    public static void Drop(this IConnectionActivity connection, DropRule rule, string reason)
    {
        if (connection is IConnectionDrop counted)
            counted.Drop(rule, reason);
        else
            connection.Abort(reason);
    }
}
