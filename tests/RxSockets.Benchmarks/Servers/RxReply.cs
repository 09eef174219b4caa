using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace RxSockets.Benchmarks.Servers;

/// <summary>An answer that nobody waits for, out of memory that does not change: the same for every way of receiving, so that only the receiving differs.</summary>
internal static class RxReply
{
    private static readonly byte[] s_bytes = new byte[ServeOptions.BufferBytes];

    public static void Send(RxConnection connection, int length)
    {
        ValueTask sending = connection.SendAsync(s_bytes.AsMemory(0, length));
        if (!sending.IsCompletedSuccessfully)
            _ = ObserveAsync(sending);
        else
            sending.GetAwaiter().GetResult();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask ObserveAsync(ValueTask sending)
    {
        try
        {
            await sending;
        }
        catch (SocketException)
        {
        }
    }
}
