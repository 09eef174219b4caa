using System.Buffers;
using System.Net.Sockets;
using RxSockets.Testing;

namespace RxSockets.Hunt;

/// <summary>
/// Reads one direction to its end by every way there is, one after the other: pulled, pushed, call by call, framed. Each leaves at some point and the next must find
/// every byte that was not read.
/// </summary>
internal sealed class Reader(World world, RxConnection connection, Func<ReadOnlyMemory<byte>, StreamBook> find)
{
    private StreamBook? _book;
    private bool _ended;
    private bool _mayLose;

    /// <summary>The first frame is there: the conversation is known. Null: the stream ended before.</summary>
    public TaskCompletionSource<StreamBook?> Known { get; } = new();

    private SimulationRandom Random => world.Random;

    /// <summary>This end disconnects: from here on what nobody reads is dropped.</summary>
    public void Disconnecting()
    {
        _mayLose = true;
        if (_book is not null)
            _book.MayLose = true;
    }

    /// <summary>Until the end, or until it has left so many times and does not come back.</summary>
    public async Task ReadAsync(int leaves)
    {
        try
        {
            for (int i = 0; i < leaves && !_ended; i++)
            {
                await ReadOnceAsync(Random.Below(5));
                if (Random.Below(6) == 0)
                    await world.PauseAsync();
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            _ended = true;
        }
        catch (EndOfStreamException)
        {
            // The framing operator's word for an orderly end inside a frame.
            Check.That(_mayLose, $"{_book} ended in order inside a frame");
            _ended = true;
        }
        finally
        {
            Known.TrySetResult(_book);
        }
    }

    private Task ReadOnceAsync(int way) => way switch
    {
        0 => PullAsync(),
        1 => PushAsync(),
        2 => CallAsync(),
        3 when _book is { PartialBytes: 0 } => FramesAsync(),
        4 => RetainAsync(),
        _ => PullAsync(),
    };

    private async Task PullAsync()
    {
        int left = 1 + Random.Below(8);
        using CancellationTokenSource? cancel = world.MayCancel(4, 50);
        try
        {
            await foreach (ReceivedSegment segment in connection.ReceiveAllAsync(cancel?.Token ?? default))
            {
                Arrive(segment.Memory);
                if (--left == 0)
                    return;
                if (Random.Below(10) == 0)
                {
                    await world.PauseAsync();
                    // Still lent: whoever gave it to somebody else meanwhile shows it.
                    _ = segment.Memory;
                }
            }

            End();
        }
        catch (OperationCanceledException) when (cancel is { IsCancellationRequested: true })
        {
            // Cancelled, and nothing lost.
        }
    }

    private async Task RetainAsync()
    {
        await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
        {
            using IMemoryOwner<byte> retained = segment.Retain();
            byte[] copy = segment.ToArray();
            Arrive(copy);
            await world.PauseAsync();
            Check.That(retained.Memory.Span.SequenceEqual(copy), $"retained memory of {_book} changed");
            return;
        }

        End();
    }

    private async Task PushAsync()
    {
        var done = new TaskCompletionSource<bool>();
        var observer = new Observer(this, done, 1 + Random.Below(8));
        using IDisposable subscription = connection.Received.Subscribe(observer);
        observer.Subscription = subscription;
        if (await done.Task)
            End();
    }

    private async Task CallAsync()
    {
        byte[] buffer = new byte[1 + Random.Below(500)];
        for (int i = Random.Below(8); i >= 0; i--)
        {
            using CancellationTokenSource? cancel = world.MayCancel(4, 50);
            try
            {
                int count = await connection.ReceiveAsync(buffer, cancel?.Token ?? default);
                if (count == 0)
                {
                    End();
                    return;
                }

                Arrive(buffer.AsMemory(0, count));
            }
            catch (OperationCanceledException) when (cancel is { IsCancellationRequested: true })
            {
                // Cancelled, and nothing lost.
            }
        }
    }

    private async Task FramesAsync()
    {
        int left = 1 + Random.Below(5);
        await foreach (ReadOnlySequence<byte> frame in connection.ReceiveAllAsync().LengthPrefixed(LengthPrefix.UInt16BigEndian, 65535))
        {
            _book!.ArriveFrame(frame.ToArray());
            if (--left == 0)
                return;
        }

        End();
    }

    private readonly List<byte> _unknown = [];

    private void Arrive(ReadOnlyMemory<byte> bytes)
    {
        if (_book is null)
        {
            _unknown.AddRange(bytes.Span);
            if (_unknown.Count < 2 + StreamBook.HeaderBytes)
                return;
            byte[] all = [.. _unknown];
            _book = find(all);
            _book.MayLose = _mayLose;
            _book.Arrive(all);
            Known.TrySetResult(_book);
            return;
        }

        _book.Arrive(bytes.Span);
    }

    private void End()
    {
        _ended = true;
        Check.That(_unknown.Count == 0 || _book is not null || _mayLose, $"a stream ended in order after {_unknown.Count} bytes");
        if (_book is not null)
            _book.FinSeen = true;
    }

    private sealed class Observer(Reader reader, TaskCompletionSource<bool> done, int left) : IObserver<ReceivedSegment>
    {
        private int _left = left;

        public IDisposable? Subscription { get; set; }

        public void OnNext(ReceivedSegment value)
        {
            try
            {
                reader.Arrive(value.Memory);
            }
            catch (HuntException error)
            {
                done.TrySetException(error);
            }

            if (--_left > 0)
                return;
            Check.That(_left == 0, $"a subscription that was disposed of was told something in {reader._book}");
            Subscription!.Dispose();
            done.TrySetResult(false);
        }

        public void OnError(Exception error) => done.TrySetException(error);

        public void OnCompleted() => done.TrySetResult(true);
    }
}
