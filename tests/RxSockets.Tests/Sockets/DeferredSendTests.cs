using System.Net.Sockets;
using RxSockets.Sockets;
using RxSockets.Tests.Testing;

namespace RxSockets.Tests.Sockets;

/// <summary>An engine that puts sends off until it asks the kernel: what was sent until then leaves together, in order, and what happens meanwhile loses none of it.</summary>
public class DeferredSendTests
{
    private readonly FakeEngine _engine = new();
    private readonly FakeSocket _socket;
    private readonly Connection _connection;

    public DeferredSendTests()
    {
        _socket = new FakeSocket(_engine) { Defers = true };
        _connection = new Connection(_engine.Port, _socket);
    }

    private Task SendAsync(int bytes, CancellationToken token = default) => _connection.SendAsync(new byte[bytes], token).AsTask();

    [Fact]
    public async Task What_is_sent_until_then_leaves_as_one()
    {
        Task first = SendAsync(2000), second = SendAsync(3000), third = SendAsync(1);
        Assert.False(_socket.SendStarted);
        _socket.BringDue();
        Assert.Equal([2000, 3000, 1], _socket.Sending.Select(static piece => piece.Length));
        Task fourth = SendAsync(4000);
        Assert.False(_socket.IsDue);
        _socket.BringSent();
        Assert.Equal(4000, Assert.Single(_socket.Sending).Length);
        _socket.BringSent();
        _engine.RunAll();
        await Task.WhenAll(first, second, third, fourth).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Equal(9001, _connection.Write.BytesSent);
    }

    [Fact]
    public async Task A_fin_goes_behind_them()
    {
        Task send = SendAsync(10);
        Task fin = _connection.CompleteWritesAsync(CancellationToken.None).AsTask();
        Assert.False(_socket.SendStarted);
        _socket.BringDue();
        Assert.Equal(0, _socket.Fins);
        _socket.BringSent();
        Assert.Equal(1, _socket.Fins);
        _engine.RunAll();
        await Task.WhenAll(send, fin).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Disposal_waits_for_them()
    {
        Task send = SendAsync(10);
        _connection.End();
        Assert.Null(_socket.ClosedWithAbort);
        Assert.False(_socket.SendStarted);
        _socket.BringDue();
        Assert.True(_socket.SendStarted);
        _socket.BringSent();
        Assert.Equal(1, _socket.Fins);
        _engine.RunAll();
        await send.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task One_that_is_cancelled_meanwhile_leaves_no_trace()
    {
        using var cancel = new CancellationTokenSource();
        Task first = SendAsync(10), second = SendAsync(20, cancel.Token), third = SendAsync(30);
        await cancel.CancelAsync();
        _socket.BringDue();
        Assert.Equal(40, _socket.Sending.Sum(static piece => piece.Length));
        _socket.BringSent();
        _engine.RunAll();
        await Task.WhenAll(first, third).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.Null(_socket.ClosedWithAbort);
    }

    [Fact]
    public async Task An_abort_meanwhile_fails_them_and_nothing_is_started_when_they_are_due()
    {
        Task send = SendAsync(10);
        _connection.Abort(ConnectionCloseReason.Aborted, "test");
        _engine.RunAll();
        await Assert.ThrowsAsync<SocketException>(() => send);
        _socket.BringDue();
        Assert.False(_socket.SendStarted);
        _socket.BringClosed();
        _engine.RunAll();
        Assert.Equal(ConnectionCloseReason.Aborted, (await _connection.Closed).Reason);
    }
}
