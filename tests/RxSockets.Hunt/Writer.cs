using System.Buffers;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using RxSockets.Testing;

namespace RxSockets.Hunt;

/// <summary>Sends the frames of one direction by every verb there is, waits for some of the calls and cancels others.</summary>
internal sealed class Writer(World world, RxConnection connection, StreamBook book)
{
    private readonly List<Task> _underWay = [];

    /// <summary>A call failed: nothing more can be sent.</summary>
    public bool HasFailed { get; private set; }

    private SimulationRandom Random => world.Random;

    public async Task SendAllAsync(int frames)
    {
        for (int i = 0; i < frames && !HasFailed; i++)
        {
            Task sending = SendOne();
            _underWay.Add(sending);
            if (Random.Below(3) == 0)
                await sending;
            if (Random.Below(10) == 0)
                await world.PauseAsync();
        }
    }

    /// <summary>Every call that was made.</summary>
    public Task EndAsync() => Task.WhenAll(_underWay);

    private Task SendOne()
    {
        byte[] frame = book.NextFrame(Random.Below(world.Swarm.LongestFrame), out int number);
        if (Random.Below(6) != 0)
            return TrackAsync(Send(frame, CancellationToken.None), frame, number, cancel: null);
        var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(Random.Below(30)), world.Network.TimeProvider);
        return TrackAsync(Send(frame, cancel.Token), frame, number, cancel);
    }

    private Task Send(byte[] frame, CancellationToken token)
    {
        switch (Random.Below(7))
        {
            case 0:
                int cut = 1 + Random.Below(frame.Length - 1);
                return connection.SendAsync(TwoPieces(frame, cut), token).AsTask();
            case 1:
                return connection.TransmitPacketsAsync(new[] { TransmitPacket.FromMemory(frame.AsMemory(0, 3)), TransmitPacket.FromMemory(frame.AsMemory(3)) }, cancellationToken: token).AsTask();
            case 2:
                return connection.SendLengthPrefixedAsync(frame.AsMemory(2), LengthPrefix.UInt16BigEndian, token).AsTask();
            case 3:
                // Not the first and the last bytes: those go as head and tail.
                (SafeFileHandle handle, long offset) = world.File.Append(frame.AsSpan(2, frame.Length - 5));
                var options = new FileTransmitOptions { Head = frame.AsMemory(0, 2), Offset = offset, Count = frame.Length - 5, Tail = frame.AsMemory(frame.Length - 3) };
                return connection.TransmitFileAsync(handle, options, token).AsTask();
            case 4:
                (SafeFileHandle file, long start) = world.File.Append(frame.AsSpan(7));
                return connection.TransmitPacketsAsync(new[] { TransmitPacket.FromMemory(frame.AsMemory(0, 7)), TransmitPacket.FromFile(file, start, frame.Length - 7) }, cancellationToken: token).AsTask();
            default:
                return connection.SendAsync(frame, token).AsTask();
        }
    }

    private async Task TrackAsync(Task sending, byte[] frame, int number, CancellationTokenSource? cancel)
    {
        try
        {
            await sending;
            book.Ended(number, SendOutcome.Sent);
        }
        catch (OperationCanceledException error) when (cancel is not null && error.CancellationToken == cancel.Token)
        {
            book.Ended(number, SendOutcome.Failed);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            book.Ended(number, SendOutcome.Failed);
            HasFailed = true;
        }

        // Whoever still reads the memory that was lent shows it.
        frame.AsSpan().Fill(0xEE);
    }

    private static ReadOnlySequence<byte> TwoPieces(byte[] frame, int cut)
    {
        var first = new Piece(frame.AsMemory(0, cut));
        return Piece.Sequence(first, first.Append(frame.AsMemory(cut)));
    }
}
