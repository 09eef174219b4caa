using System.Buffers;
using System.Net.Sockets;
using System.Reactive.Linq;
using System.Reactive.Threading.Tasks;
using System.Text;
using RxSockets.Buffers;
using RxSockets.Sockets;
using RxSockets.Streams;
using RxSockets.Tests.Testing;

namespace RxSockets.Tests.Operators.Framing;

/// <summary>Frames read from a connection, over an engine that does what the test says: buffers of 16 bytes, a receive limit of 32.</summary>
public class FramedConnectionTests
{
    private readonly FakeEngine _engine = new();
    private readonly FakeSocket _socket;
    private readonly Connection _connection;
    private readonly IObservable<ReceivedSegment> _received;
    private readonly IAsyncEnumerable<ReceivedSegment> _receiveAll;
    private readonly List<string> _seen = [];

    public FramedConnectionTests()
    {
        _socket = new FakeSocket(_engine);
        _connection = new Connection(_engine.Port, _socket);
        _received = new SegmentObservable(_connection.Receive);
        _receiveAll = new SegmentEnumerable(_connection.Receive, CancellationToken.None);
    }

    private static string Text(ReceivedSegment segment) => Encoding.ASCII.GetString(segment.Memory.Span);

    // What an engine does: data while the receive runs, and the stop it was asked for.
    private void Feed(string text, int piece = 16)
    {
        for (int at = 0; at < text.Length; at += piece)
        {
            int stops = _socket.StopsAsked;
            _socket.BringData(text[at..Math.Min(text.Length, at + piece)]);
            if (_socket.StopsAsked > stops)
                _socket.BringStop();
            _engine.RunAll();
        }
    }

    [Fact]
    public void After_one_line_a_raw_reader_starts_right_behind_it()
    {
        using (_received.Lines().Take(1).Subscribe(_seen.Add))
        {
            _engine.RunAll();
            Feed("one\r\ntwo\nrest");
        }

        using IDisposable raw = _received.Select(Text).Subscribe(_seen.Add);
        _engine.RunAll();
        Assert.Equal(["one", "two\nrest"], _seen);
    }

    [Fact]
    public async Task After_FirstAsync_on_a_line_the_next_reader_starts_right_behind_it_inside_that_OnNext()
    {
        Task<string> reading = ReadAsync();
        _engine.RunAll();
        Feed("one\ntwo\nraw");
        Assert.Equal("one|two|raw", await reading.WaitAsync(TimeSpan.FromSeconds(5)));

        async Task<string> ReadAsync()
        {
            // Continuations run inside OnNext: the second reader arrives while the first is still there.
            string one = await _received.Lines().FirstAsync();
            string two = await _received.Lines().FirstAsync();
            await foreach (ReceivedSegment segment in _receiveAll)
                return $"{one}|{two}|{Text(segment)}";
            return "ended";
        }
    }

    [Fact]
    public async Task Leaving_a_pulled_line_in_the_middle_of_a_segment_loses_nothing()
    {
        Task<string> reading = ReadAsync();
        _engine.RunAll();
        Feed("one\ntwo\nthree\nraw");
        _engine.RunAll();
        Assert.Equal("one|two|three\nra", await reading.WaitAsync(TimeSpan.FromSeconds(5)));

        async Task<string> ReadAsync()
        {
            string both = "";
            for (int i = 0; i < 2; i++)
            {
                await foreach (string line in _receiveAll.Lines())
                {
                    both += line + "|";
                    break;
                }
            }

            byte[] memory = new byte[8];
            int count = await new SingleReceive(_connection.Receive).ReceiveAsync(memory, CancellationToken.None);
            return both + Encoding.ASCII.GetString(memory, 0, count);
        }
    }

    [Fact]
    public void Unsubscribing_between_two_lines_of_one_segment_leaves_the_second()
    {
        IDisposable? first = null;
        first = _received.Lines().Subscribe(line =>
        {
            _seen.Add(line);
            first!.Dispose();
        });
        _engine.RunAll();
        Feed("a\nb\nc\n");
        Assert.Equal(["a"], _seen);
        using IDisposable second = _received.Lines().Subscribe(_seen.Add);
        _engine.RunAll();
        Assert.Equal(["a", "b", "c"], _seen);
        Assert.Equal(0, _engine.Pool.Rented);
    }

    [Fact]
    public void A_loop_that_is_faster_than_Subscribe_loses_nothing()
    {
        // Two lines are here, and the loop pushes before the operator above knows how to unsubscribe.
        _received.Lines().Subscribe().Dispose();
        _engine.RunAll();
        using (_received.Lines().Subscribe(static _ => { }))
        {
            _engine.RunAll();
            Feed("par");
        }

        _socket.BringData("t\ntwo\nthree");
        _engine.RunsAtOnce = true;
        using (_received.Lines().Take(1).Subscribe(_seen.Add))
        using (_received.Lines().Select(static line => line).Take(1).Subscribe(_seen.Add))
        {
        }

        using IDisposable raw = _received.Select(Text).Take(1).Subscribe(_seen.Add);
        Assert.Equal(["part", "two", "three"], _seen);
    }

    [Fact]
    public void A_frame_longer_than_the_receive_limit_is_received_on()
    {
        string line = new('x', 300);
        using IDisposable subscription = _received.Lines(400).Subscribe(_seen.Add);
        _engine.RunAll();
        Feed(line + "\nnext\n");
        Assert.Equal([line, "next"], _seen);
        Assert.Equal(0, _engine.Pool.Rented);
    }

    [Fact]
    public void A_frame_that_comes_byte_by_byte_does_not_hold_a_buffer_for_each()
    {
        using IDisposable subscription = _received.Lines(400).Subscribe(_seen.Add);
        _engine.RunAll();
        string line = new('x', 200);
        Feed(line, piece: 1);
        // 200 bytes in buffers of 16 need 13; two for what the limit allows on top, doubled because joined buffers are at least half full.
        Assert.InRange(_engine.Pool.Rented, 13, 28);
        Feed("yz\n", piece: 1);
        Assert.Equal([line + "yz"], _seen);
        Assert.Equal(0, _engine.Pool.Rented);
    }

    [Fact]
    public void Behind_what_was_examined_the_limit_still_holds()
    {
        using IDisposable subscription = _received.Lines(400).Subscribe(_seen.Add);
        _engine.RunAll();
        Feed(new string('x', 64));
        Assert.Equal(0, _socket.StopsAsked);
        // Nobody runs the reader: two more buffers are the limit, and the kernel's window closes.
        _socket.BringData(new string('x', 16));
        Assert.Equal(0, _socket.StopsAsked);
        _socket.BringData(new string('x', 16));
        Assert.Equal(1, _socket.StopsAsked);
    }

    [Fact]
    public void A_raw_reader_after_a_framed_one_has_the_plain_limit_again()
    {
        using (_received.Lines(400).Subscribe(_seen.Add))
        {
            _engine.RunAll();
            Feed(new string('x', 64));
        }

        ItemEnumerator<ReceivedSegment> raw = new(_connection.Receive, default, null);
        Assert.True(raw.MoveNextAsync().IsCompletedSuccessfully);
        _socket.BringData("y");
        Assert.Equal(1, _socket.StopsAsked);
    }

    [Fact]
    public void A_line_that_is_too_long_fails_before_it_is_buffered_and_stays_unread()
    {
        Exception? error = null;
        using (_received.Lines(8).Subscribe(_seen.Add, thrown => error = thrown))
        {
            _engine.RunAll();
            Feed("12345678\n");
            Feed("123456789");
        }

        Assert.Equal(["12345678"], _seen);
        Assert.Equal(8, Assert.IsType<FrameTooLongException>(error).MaxLength);
        using IDisposable raw = _received.Select(Text).Subscribe(_seen.Add);
        _engine.RunAll();
        Assert.Equal(["12345678", "123456789"], _seen);
    }

    [Fact]
    public async Task A_truncated_line_is_an_error_again_for_whoever_comes_after_and_stays_readable()
    {
        Exception? error = null;
        using IDisposable framed = _received.Lines().Subscribe(_seen.Add, thrown => error = thrown);
        _engine.RunAll();
        Feed("whole\npart");
        _socket.BringEnd();
        _engine.RunAll();
        Assert.IsType<EndOfStreamException>(error);
        await Assert.ThrowsAsync<EndOfStreamException>(async () => await _receiveAll.Lines().GetAsyncEnumerator().MoveNextAsync());
        Task<IList<string>> raw = _received.Select(Text).ToList().ToTask();
        _engine.RunAll();
        Assert.Equal(["part"], await raw);
        Assert.Equal(["whole"], _seen);
    }

    [Fact]
    public void A_reset_goes_before_the_truncated_frame()
    {
        Exception? error = null;
        using IDisposable framed = _received.Lines().Subscribe(_seen.Add, thrown => error = thrown);
        _engine.RunAll();
        Feed("part");
        _socket.BringEnd(SocketError.ConnectionReset);
        _engine.RunAll();
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(error).SocketErrorCode);
    }

    [Fact]
    public void A_clean_end_completes()
    {
        bool completed = false;
        using IDisposable framed = _received.Lines().Subscribe(_seen.Add, () => completed = true);
        _engine.RunAll();
        Feed("whole\n");
        _socket.BringEnd();
        _engine.RunAll();
        Assert.True(completed);
    }

    [Fact]
    public void Memory_of_a_lent_frame_does_not_go_home_while_the_connection_is_aborted()
    {
        int rentedInside = -1;
        string text = "";
        Exception? error = null;
        using IDisposable framed = _received.Delimited("\n"u8).Subscribe(
            frame =>
            {
                _connection.Abort(ConnectionCloseReason.Dropped, "by the test");
                rentedInside = _engine.Pool.Rented;
                text = Encoding.ASCII.GetString(frame);
            },
            thrown => error = thrown);
        _engine.RunAll();
        _socket.BringData("abc");
        _socket.BringData("def\nghi\n");
        _engine.RunAll();
        Assert.Equal("abcdef", text);
        Assert.Equal(2, rentedInside);
        Assert.Equal(0, _engine.Pool.Rented);
        Assert.Equal(SocketError.OperationAborted, Assert.IsType<SocketException>(error).SocketErrorCode);
    }

    [Fact]
    public void A_throwing_observer_aborts_the_connection()
    {
        Exception? error = null;
        using IDisposable framed = _received.Lines().Subscribe(
            static _ => throw new InvalidOperationException("by the test"), thrown => error = thrown);
        _engine.RunAll();
        Feed("a\nb\n");
        Assert.True(_socket.ClosedWithAbort);
        Assert.Equal("by the test", Assert.Single(_engine.Unhandled).Message);
        Assert.NotNull(error);
        Assert.Equal(0, _engine.Pool.Rented);
    }

    [Fact]
    public async Task A_cancelled_token_ends_the_wait_and_consumes_nothing_more()
    {
        using var source = new CancellationTokenSource();
        IAsyncEnumerator<string> lines = _receiveAll.Lines().GetAsyncEnumerator(source.Token);
        ValueTask<bool> pending = lines.MoveNextAsync();
        Feed("par");
        await source.CancelAsync();
        _engine.RunAll();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pending);
        Assert.Equal(source.Token, error.CancellationToken);
        using IDisposable raw = _received.Select(Text).Subscribe(_seen.Add);
        _engine.RunAll();
        Assert.Equal(["par"], _seen);
    }

    [Fact]
    public async Task A_second_reader_is_refused_while_frames_are_read()
    {
        using IDisposable framed = _received.Lines().Subscribe(_seen.Add);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await _receiveAll.Lines().GetAsyncEnumerator().MoveNextAsync());
        _engine.RunAll();
        Feed("a\n");
        Assert.Equal(["a"], _seen);
    }

    [Fact]
    public void Data_that_a_restarted_receive_brings_at_once_wakes_the_reader()
    {
        using IDisposable framed = _received.Lines(400).Subscribe(_seen.Add);
        _engine.RunAll();
        Feed("abc");
        _socket.AtOnce = "def\n"u8.ToArray();
        _socket.BringStop();
        _engine.RunAll();
        Assert.Equal(["abcdef"], _seen);
    }

    [Fact]
    public void OnNext_runs_under_the_execution_context_of_Subscribe()
    {
        var local = new AsyncLocal<string> { Value = "subscriber" };
        using IDisposable subscription = _received.Lines().Subscribe(_ => _seen.Add(local.Value!));
        local.Value = "other";
        _engine.RunAll();
        Feed("a\n");
        Assert.Equal(["subscriber"], _seen);
    }

    [Fact]
    public void A_first_block_that_a_joined_buffer_would_overwrite_stays_as_it_is()
    {
        // The first block is a view of its own, exactly full: small buffers behind it are joined with each other, never into it.
        BufferLease first = _engine.Pool.TryRent()!;
        "first"u8.CopyTo(first.Memory.Span);
        first.Fill(5, holder: null);
        _connection.First.Add(first);
        using IDisposable subscription = _received.Lines(400).Subscribe(_seen.Add);
        _engine.RunAll();
        Feed(new string('x', 100), piece: 1);
        Feed("\n");
        Assert.Equal("first", Encoding.ASCII.GetString(_connection.FirstData.Span));
        Assert.Equal(["first" + new string('x', 100)], _seen);
    }
}
