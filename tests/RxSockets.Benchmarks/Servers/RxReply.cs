using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace RxSockets.Benchmarks.Servers;

/// <summary>
/// The answers of one connection, which nobody waits for, out of memory that does not change: the same for every way of receiving, so that only the receiving differs.
/// </summary>
internal sealed class RxReply
{
    private static readonly byte[] s_bytes = new byte[ServeOptions.BufferBytes];

    private readonly RxConnection _connection;
    private readonly Action _ended;
    private ValueTask _sending;
    private bool _isSending;

    public RxReply(RxConnection connection) => (_connection, _ended) = (connection, End);

    public void Send(int length)
    {
        ValueTask sending = _connection.SendAsync(s_bytes.AsMemory(0, length));
        if (sending.IsCompletedSuccessfully)
        {
            sending.GetAwaiter().GetResult();
        }
        else if (Volatile.Read(ref _isSending))
        {
            // The peer is faster than the completion of the send before: rare, and allocates.
            _ = ObserveAsync(sending);
        }
        else
        {
            _sending = sending;
            _isSending = true;
            sending.GetAwaiter().UnsafeOnCompleted(_ended);
        }
    }

    private static async Task ObserveAsync(ValueTask sending)
    {
        try
        {
            await sending;
        }
        catch (SocketException)
        {
        }
    }

    private void End()
    {
        ValueTaskAwaiter sent = _sending.GetAwaiter();
        Volatile.Write(ref _isSending, false);
        try
        {
            sent.GetResult();
        }
        catch (SocketException)
        {
        }
    }
}
