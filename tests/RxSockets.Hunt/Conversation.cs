namespace RxSockets.Hunt;

/// <summary>One connection, as both of its ends tell of it.</summary>
internal sealed class Conversation(int id)
{
    public int Id => id;

    public StreamBook ToServer { get; } = new(id, 0);

    public StreamBook ToClient { get; } = new(id, 1);
}
