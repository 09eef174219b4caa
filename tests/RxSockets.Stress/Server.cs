using System.Buffers;
using System.Net.Sockets;

namespace RxSockets.Stress;

/// <summary>What the first byte of a connection asks the server to do.</summary>
internal enum Wish : byte
{
    /// <summary>Send back every byte, and the end behind them.</summary>
    Echo = (byte)'E',

    /// <summary>Send back every frame (16-bit length in front).</summary>
    EchoFrames = (byte)'F',

    /// <summary>Transmit the file and end.</summary>
    File = (byte)'D',

    /// <summary>End at once and go on reading; the count of what came is not told.</summary>
    EndFirst = (byte)'H',

    /// <summary>Reset after some bytes.</summary>
    Reset = (byte)'R',

    /// <summary>Read slowly, then say how many bytes came and their sum.</summary>
    Sink = (byte)'S',
}

/// <summary>One connection of the server's side.</summary>
internal static class Server
{
    public static async Task ServeAsync(Site site, RxConnection connection)
    {
        try
        {
            byte[] wish = new byte[1];
            if (await connection.ReceiveAsync(wish) == 0)
                return;
            await FulfilAsync(site, connection, (Wish)wish[0]);
        }
        catch (Exception error) when (error is SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.OperationAborted or SocketError.Shutdown or SocketError.ConnectionAborted } or EndOfStreamException)
        {
            // The client aborted; whoever did not is the one to notice.
        }
        catch (Exception error)
        {
            site.Fail($"server: {error}");
        }
    }

    private static async Task FulfilAsync(Site site, RxConnection connection, Wish wish)
    {
        switch (wish)
        {
            case Wish.Echo:
                await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
                    await connection.SendAsync(segment.Memory);
                await connection.CompleteWritesAsync();
                break;
            case Wish.EchoFrames:
                await foreach (ReadOnlySequence<byte> frame in connection.ReceiveAllAsync().LengthPrefixed(LengthPrefix.UInt16BigEndian))
                    await connection.SendLengthPrefixedAsync(frame.ToArray(), LengthPrefix.UInt16BigEndian);
                await connection.CompleteWritesAsync();
                break;
            case Wish.File:
                await connection.TransmitFileAsync(site.Handle);
                await connection.CompleteWritesAsync();
                break;
            case Wish.EndFirst:
                await connection.CompleteWritesAsync();
                await foreach (ReceivedSegment _ in connection.ReceiveAllAsync())
                {
                }

                break;
            case Wish.Reset:
                await connection.ReceiveAsync(new byte[64]);
                connection.Abort();
                break;
            case Wish.Sink:
                await SinkAsync(connection);
                break;
            default:
                throw new StressException($"the first byte is {(byte)wish}");
        }
    }

    private static async Task SinkAsync(RxConnection connection)
    {
        byte[] memory = new byte[8192];
        long count = 0;
        uint sum = 0;
        while (await connection.ReceiveAsync(memory) is > 0 and int received)
        {
            count += received;
            sum = Sums.Continue(sum, memory.AsSpan(0, received));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }

        byte[] answer = new byte[12];
        BitConverter.TryWriteBytes(answer, count);
        BitConverter.TryWriteBytes(answer.AsSpan(8), sum);
        await connection.SendAsync(answer);
        await connection.CompleteWritesAsync();
    }
}
