using System.Buffers;
using System.Net.Sockets;

namespace RxSockets.Stress;

/// <summary>What clients do, each scene from connect to close, checked byte for byte. One worker's: not thread-safe.</summary>
internal sealed class Scenes(Site site, int seed, Latencies latencies)
{
    private readonly Random _random = new(seed);
    private readonly byte[] _sent = new byte[128 * 1024];
    private readonly byte[] _received = new byte[128 * 1024];

    /// <summary>A connection for some hundred messages of any size.</summary>
    public async Task EchoAsync()
    {
        await using RxConnection connection = await ConnectAsync(Wish.Echo);
        for (int i = _random.Next(50, 300); i > 0; i--)
        {
            int size = _random.Next(4) == 0 ? _random.Next(1, _sent.Length) : _random.Next(1, 512);
            await ExchangeAsync(connection, size);
        }

        await EndAsync(connection);
    }

    /// <summary>Connect, send, receive, close.</summary>
    public async Task ChurnAsync()
    {
        await using RxConnection connection = await ConnectAsync(Wish.Echo);
        await ExchangeAsync(connection, _random.Next(1, 2000));
    }

    /// <summary>Everything is sent, then the end, and only then is anything read.</summary>
    public async Task HalfCloseAsync()
    {
        await using RxConnection connection = await ConnectAsync(Wish.Echo);
        int size = Fill(_random.Next(1, 30_000));
        await connection.SendAsync(_sent.AsMemory(0, size));
        await connection.CompleteWritesAsync();
        await ExpectAsync(connection, size);
        await ExpectEndAsync(connection);
    }

    /// <summary>The server ends first, and still takes what is sent.</summary>
    public async Task EndFirstAsync()
    {
        await using RxConnection connection = await ConnectAsync(Wish.EndFirst);
        await ExpectEndAsync(connection);
        for (int i = _random.Next(1, 10); i > 0; i--)
            await connection.SendAsync(_sent.AsMemory(0, Fill(_random.Next(1, _sent.Length))));
        await connection.CompleteWritesAsync();
    }

    /// <summary>Aborted in the middle of both directions: every call ends, with the typed error.</summary>
    public async Task AbortAsync()
    {
        await using RxConnection connection = await ConnectAsync(Wish.Echo);
        byte[] block = new byte[256 * 1024];
        Task sending = connection.SendAsync(block).AsTask();
        Task receiving = connection.ReceiveAsync(_received).AsTask();
        if (_random.Next(2) == 0)
            await Task.Yield();
        connection.Abort();
        await MayFailAsync(sending);
        await MayFailAsync(receiving);
        ConnectionClosure closure = await connection.Closed;
        Check.That(closure.Reason == ConnectionCloseReason.Aborted, $"aborted, and closed as {closure}");
    }

    /// <summary>The server resets: the read fails, it does not end.</summary>
    public async Task ResetAsync()
    {
        await using RxConnection connection = await ConnectAsync(Wish.Reset);
        await connection.SendAsync(_sent.AsMemory(0, Fill(16)));
        try
        {
            int count = await connection.ReceiveAsync(_received);
            throw new StressException($"a reset read as {count} bytes");
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            // As it should be.
        }
    }

    /// <summary>Receives that are cancelled at any moment lose nothing; a send whose token is cancelled already sends nothing.</summary>
    public async Task CancelAsync()
    {
        await using RxConnection connection = await ConnectAsync(Wish.Echo);
        for (int round = _random.Next(5, 30); round > 0; round--)
        {
            int size = Fill(_random.Next(1, 5000));
            using (var cancelled = new CancellationTokenSource())
            {
                await cancelled.CancelAsync();
                await MustCancelAsync(connection.SendAsync(new byte[100], cancelled.Token).AsTask());
            }

            Task sending = connection.SendAsync(_sent.AsMemory(0, size)).AsTask();
            int at = 0;
            while (at < size)
            {
                using var cancel = new CancellationTokenSource();
                Task<int> receiving = connection.ReceiveAsync(_received.AsMemory(at), cancel.Token).AsTask();
                if (_random.Next(2) == 0)
                    await Task.Yield();
                await cancel.CancelAsync();
                try
                {
                    int count = await receiving;
                    Check.That(count > 0, "the echo ended");
                    at += count;
                }
                catch (OperationCanceledException) when (cancel.IsCancellationRequested)
                {
                    // Nothing is lost: the next one finds it.
                }
            }

            await sending;
            Check.That(at == size && _sent.AsSpan(0, size).SequenceEqual(_received.AsSpan(0, size)), "bytes differ after cancelled receives");
        }

        await EndAsync(connection);
    }

    /// <summary>Frames of every size, several under way.</summary>
    public async Task FramesAsync()
    {
        await using RxConnection connection = await ConnectAsync(Wish.EchoFrames);
        List<byte[]> frames = [];
        for (int i = _random.Next(1, 40); i > 0; i--)
        {
            byte[] frame = new byte[_random.Next(0, 3000)];
            _random.NextBytes(frame);
            frames.Add(frame);
        }

        Task sending = SendAsync();
        int next = 0;
        await foreach (ReadOnlySequence<byte> frame in connection.ReceiveAllAsync().LengthPrefixed(LengthPrefix.UInt16BigEndian))
        {
            byte[] copy = frame.ToArray();
            Check.That(next < frames.Count, $"more frames than {frames.Count}");
            Check.That(copy.AsSpan().SequenceEqual(frames[next]), $"frame {next} of {frames.Count}: {copy.Length} bytes for {frames[next].Length}, {copy.AsSpan().CommonPrefixLength(frames[next])} alike; it is frame {frames.FindIndex(other => copy.AsSpan().SequenceEqual(other))}");
            next++;
        }

        Check.That(next == frames.Count, $"{next} frames came back of {frames.Count}");
        await sending;

        async Task SendAsync()
        {
            foreach (byte[] frame in frames)
                await connection.SendLengthPrefixedAsync(frame, LengthPrefix.UInt16BigEndian);
            await connection.CompleteWritesAsync();
        }
    }

    /// <summary>The server transmits a file.</summary>
    public Task FileAsync() => ReadFileAsync(slowly: false);

    /// <summary>The same, read in small pieces with pauses: the window closes again and again.</summary>
    public Task SlowReaderAsync() => ReadFileAsync(slowly: true);

    /// <summary>The server reads slowly, and says what came.</summary>
    public async Task SinkAsync()
    {
        await using RxConnection connection = await ConnectAsync(Wish.Sink);
        uint sum = 0;
        long count = 0;
        for (int i = _random.Next(1, 8); i > 0; i--)
        {
            int size = Fill(_random.Next(1, _sent.Length));
            await connection.SendAsync(_sent.AsMemory(0, size));
            sum = Sums.Continue(sum, _sent.AsSpan(0, size));
            count += size;
        }

        await connection.CompleteWritesAsync();
        await FillReceivedAsync(connection, 12);
        Check.That(BitConverter.ToInt64(_received) == count && BitConverter.ToUInt32(_received, 8) == sum, $"of {count} bytes {BitConverter.ToInt64(_received)} came, or others");
        await ExpectEndAsync(connection);
    }

    private async Task ReadFileAsync(bool slowly)
    {
        await using RxConnection connection = await ConnectAsync(Wish.File);
        int at = 0;
        await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
        {
            Check.That(at + segment.Length <= Site.FileBytes && segment.Memory.Span.SequenceEqual(site.FileContent.AsSpan(at, segment.Length)), $"the file differs behind byte {at}");
            at += segment.Length;
            if (slowly)
                await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(1, 8)), TimeProvider.System);
        }

        Check.That(at == Site.FileBytes, $"{at} bytes of the file came");
    }

    private ValueTask<RxConnection> ConnectAsync(Wish wish) => site.ConnectAsync(new[] { (byte)wish });

    private int Fill(int size)
    {
        _random.NextBytes(_sent.AsSpan(0, size));
        return size;
    }

    private async Task ExchangeAsync(RxConnection connection, int size)
    {
        Fill(size);
        long started = TimeProvider.System.GetTimestamp();
        // The echo sends while we do: who does not read at the same time may wait for ever.
        Task sending = connection.SendAsync(_sent.AsMemory(0, size)).AsTask();
        await ExpectAsync(connection, size);
        await sending;
        latencies.Add(TimeProvider.System.GetElapsedTime(started));
    }

    private async Task ExpectAsync(RxConnection connection, int size)
    {
        await FillReceivedAsync(connection, size);
        Check.That(_sent.AsSpan(0, size).SequenceEqual(_received.AsSpan(0, size)), $"{size} bytes came back changed");
    }

    private async Task FillReceivedAsync(RxConnection connection, int size)
    {
        for (int at = 0; at < size;)
        {
            int count = await connection.ReceiveAsync(_received.AsMemory(at, size - at));
            Check.That(count > 0, $"the stream ended at byte {at} of {size}");
            at += count;
        }
    }

    private async Task EndAsync(RxConnection connection)
    {
        await connection.CompleteWritesAsync();
        await ExpectEndAsync(connection);
    }

    private async Task ExpectEndAsync(RxConnection connection)
    {
        int count = await connection.ReceiveAsync(_received);
        Check.That(count == 0, $"{count} bytes too many");
    }

    private static async Task MayFailAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.OperationAborted)
        {
            // As it should be.
        }
    }

    private static async Task MustCancelAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException)
        {
            return;
        }

        throw new StressException("a send with a cancelled token did not fail");
    }
}
