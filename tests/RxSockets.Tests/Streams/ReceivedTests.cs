using System.Net.Sockets;
using System.Reactive.Linq;
using System.Reactive.Threading.Tasks;
using System.Text;
using RxSockets.Sockets;
using RxSockets.Streams;
using RxSockets.Tests.Testing;

namespace RxSockets.Tests.Streams;

/// <summary>The pushed form of a stream, with System.Reactive on top, over an engine that does what the test says.</summary>
public class ReceivedTests
{
    private readonly FakeEngine _engine = new();
    private readonly FakeSocket _socket;
    private readonly Connection _connection;
    private readonly IObservable<ReceivedSegment> _received;

    public ReceivedTests()
    {
        _socket = new FakeSocket(_engine);
        _connection = new Connection(_engine.Port, _socket);
        _received = new ItemObservable<ReceivedSegment>(_connection.Receive);
    }

    private static string Text(ReceivedSegment segment) => Encoding.ASCII.GetString(segment.Memory.Span);

    [Fact]
    public void Nothing_is_pushed_inside_subscribe()
    {
        var seen = new List<string>();
        using (_received.Select(Text).Take(1).Subscribe(seen.Add))
        {
            _engine.RunAll();
            _socket.BringData("a");
            _socket.BringData("b");
            _engine.RunAll();
        }

        Assert.Equal(["a"], seen);
        // "b" is here already; a Take(1) that were fed inside Subscribe could not stop the rest.
        using IDisposable second = _received.Select(Text).Take(1).Subscribe(seen.Add);
        Assert.Equal(["a"], seen);
        _engine.RunAll();
        Assert.Equal(["a", "b"], seen);
    }

    [Fact]
    public async Task A_reader_that_comes_inside_OnNext_takes_over_when_it_unwinds()
    {
        var seen = new List<string>();
        // What `await FirstAsync()` does: the continuation runs inside OnNext, before the first reader has unsubscribed.
        ItemEnumerator<ReceivedSegment>? next = null;
        ValueTask<bool> pending = default;
        using IDisposable first = _received.Take(1).Subscribe(segment =>
        {
            seen.Add(Text(segment));
            next = new ItemEnumerator<ReceivedSegment>(_connection.Receive, default, null);
            pending = next.MoveNextAsync();
        });
        _engine.RunAll();
        _socket.BringData("1");
        _socket.BringData("2");
        _engine.RunAll();
        Assert.True(pending.IsCompletedSuccessfully);
        Assert.True(await pending);
        seen.Add(Text(next!.Current));
        Assert.Equal(["1", "2"], seen);
    }

    [Fact]
    public async Task A_reader_that_comes_inside_OnNext_is_refused_when_the_first_stays()
    {
        ValueTask<bool> pending = default;
        using IDisposable first = _received.Subscribe(_ =>
            pending = new ItemEnumerator<ReceivedSegment>(_connection.Receive, default, null).MoveNextAsync());
        _engine.RunAll();
        _socket.BringData("1");
        _engine.RunAll();
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await pending);
    }

    [Fact]
    public async Task FirstAsync_then_the_rest_sees_every_byte_once()
    {
        Task<string> first = _received.Select(Text).FirstAsync().ToTask();
        _engine.RunAll();
        _socket.BringData("1");
        _socket.BringData("2");
        _engine.RunAll();
        Assert.Equal("1", await first);
        Task<IList<string>> rest = _received.Select(Text).ToList().ToTask();
        _engine.RunAll();
        _socket.BringEnd();
        _engine.RunAll();
        Assert.Equal(["2"], await rest);
    }

    [Fact]
    public async Task A_second_subscriber_gets_an_error_and_the_first_goes_on()
    {
        Task<string> first = _received.Select(Text).FirstAsync().ToTask();
        Task<ReceivedSegment> second = _received.FirstAsync().ToTask();
        _engine.RunAll();
        await Assert.ThrowsAsync<InvalidOperationException>(() => second);
        _socket.BringData("x");
        _engine.RunAll();
        Assert.Equal("x", await first);
    }

    [Fact]
    public async Task The_end_is_replayed_to_whoever_comes_after_it()
    {
        Task<IList<string>> all = _received.Select(Text).ToList().ToTask();
        _engine.RunAll();
        _socket.BringEnd();
        _engine.RunAll();
        Assert.Empty(await all);
        Task<IList<string>> again = _received.Select(Text).ToList().ToTask();
        _engine.RunAll();
        Assert.Empty(await again);
    }

    [Fact]
    public async Task A_reset_is_the_typed_error_behind_the_data()
    {
        var seen = new List<string>();
        var error = new TaskCompletionSource<Exception>();
        using IDisposable subscription = _received.Select(Text).Subscribe(seen.Add, error.SetResult);
        _engine.RunAll();
        _socket.BringData("a");
        _socket.BringEnd(SocketError.ConnectionReset);
        _engine.RunAll();
        Assert.Equal(["a"], seen);
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(await error.Task).SocketErrorCode);
    }

    [Fact]
    public async Task Local_disposal_ends_the_reader_with_OperationAborted()
    {
        Task<ReceivedSegment> first = _received.FirstAsync().ToTask();
        _engine.RunAll();
        _connection.End();
        _engine.RunAll();
        var error = await Assert.ThrowsAsync<SocketException>(() => first);
        Assert.Equal(SocketError.OperationAborted, error.SocketErrorCode);
    }

    [Fact]
    public void OnNext_runs_under_the_execution_context_of_Subscribe()
    {
        var local = new AsyncLocal<string>();
        string? seen = null;
        local.Value = "subscriber";
        using IDisposable subscription = _received.Subscribe(_ => seen = local.Value);
        local.Value = "other";
        _engine.RunAll();
        _socket.BringData("a");
        _engine.RunAll();
        Assert.Equal("subscriber", seen);
    }

    [Fact]
    public void A_long_queue_is_pushed_in_turns()
    {
        using var stop = new CancellationTokenSource();
        int pushed = 0;
        using IDisposable subscription = _received.Subscribe(_ => pushed++);
        _engine.RunAll();
        for (int i = 0; i < 500; i++)
        {
            _socket.BringData("x");
            _engine.RunAll();
        }

        Assert.Equal(500, pushed);
        Assert.Equal(0, _engine.Pool.Rented);
    }
}
