using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using RxSockets.Operations;

namespace RxSockets;

/// <summary>
/// The sending side of the framing operators: each call leaves whole and in call order, as every send does, and completes when the kernel took it.
/// Buffers and awaitables are pooled: nothing is allocated in steady state.
/// </summary>
public static class ConnectionEncoders
{
    /// <summary>Sends a line of text in UTF-8 and LF behind it. The characters are encoded before the call returns.</summary>
    /// <param name="connection">Where to.</param>
    /// <param name="line">Without its end; a line feed inside is refused, since it would arrive as two lines.</param>
    /// <param name="cancellationToken">As of <see cref="RxConnection.SendAsync(ReadOnlyMemory{byte}, CancellationToken)"/>.</param>
    /// <exception cref="ArgumentException">The line contains a line feed.</exception>
    public static ValueTask SendLineAsync(this RxConnection connection, ReadOnlySpan<char> line, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (line.Contains('\n'))
            throw new ArgumentException("A line contains a line feed.", nameof(line));
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(line.Length) + 1);
        int count = Encoding.UTF8.GetBytes(line, buffer);
        buffer[count++] = (byte)'\n';
        return SendAndReturnAsync(connection, buffer, count, cancellationToken);
    }

    /// <summary>Sends a frame with its length in front, in one vectored send. The memory is borrowed until the call completes.</summary>
    /// <param name="connection">Where to.</param>
    /// <param name="frame">The frame without its prefix.</param>
    /// <param name="prefix">How the length is written.</param>
    /// <param name="cancellationToken">As of <see cref="RxConnection.SendAsync(ReadOnlyMemory{byte}, CancellationToken)"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length does not fit the prefix.</exception>
    public static ValueTask SendLengthPrefixedAsync(
        this RxConnection connection, ReadOnlyMemory<byte> frame, LengthPrefix prefix = LengthPrefix.UInt32BigEndian, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        Limits.Defined(prefix, nameof(prefix));
        OutgoingFrame outgoing = OperationPool<OutgoingFrame>.Rent();
        return SendAndReturnAsync(connection, outgoing, outgoing.WithPrefix(prefix, frame), cancellationToken);
    }

    /// <summary>Sends a frame and a delimiter behind it, in one vectored send. The memory of both is borrowed until the call completes.</summary>
    /// <param name="connection">Where to.</param>
    /// <param name="frame">The frame; that it does not contain the delimiter is the caller's business.</param>
    /// <param name="delimiter">The delimiter.</param>
    /// <param name="cancellationToken">As of <see cref="RxConnection.SendAsync(ReadOnlyMemory{byte}, CancellationToken)"/>.</param>
    public static ValueTask SendDelimitedAsync(
        this RxConnection connection, ReadOnlyMemory<byte> frame, ReadOnlyMemory<byte> delimiter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        OutgoingFrame outgoing = OperationPool<OutgoingFrame>.Rent();
        return SendAndReturnAsync(connection, outgoing, outgoing.Join(frame, delimiter), cancellationToken);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask SendAndReturnAsync(RxConnection connection, byte[] buffer, int count, CancellationToken token)
    {
        try
        {
            await connection.SendAsync(buffer.AsMemory(0, count), token).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask SendAndReturnAsync(RxConnection connection, OutgoingFrame outgoing, ReadOnlySequence<byte> bytes, CancellationToken token)
    {
        try
        {
            await connection.SendAsync(bytes, token).ConfigureAwait(false);
        }
        finally
        {
            outgoing.Return();
        }
    }
}
