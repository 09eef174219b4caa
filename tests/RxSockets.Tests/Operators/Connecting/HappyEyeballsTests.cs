using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using RxSockets.Tests.Testing;

namespace RxSockets.Tests.Operators.Connecting;

public class HappyEyeballsTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_headStart = TimeSpan.FromMilliseconds(250);
    private static readonly IPAddress s_six = IPAddress.Parse("::6"), s_otherSix = IPAddress.Parse("::66"), s_four = IPAddress.Parse("4.4.4.4"), s_otherFour = IPAddress.Parse("44.44.44.44");

    private readonly FakeTimeProvider _time = new();
    private readonly Dictionary<IPAddress, Attempt> _attempts = [];
    private readonly HappyEyeballs<FakeConnection> _eyeballs;

    public HappyEyeballsTests() => _eyeballs = new HappyEyeballs<FakeConnection>(
        (address, token) =>
        {
            var attempt = new Attempt(token);
            lock (_attempts)
                _attempts.Add(address, attempt);
            return new ValueTask<FakeConnection>(attempt.Source.Task);
        },
        s_headStart,
        _time);

    private IEnumerable<IPAddress> Tried
    {
        get
        {
            lock (_attempts)
                return [.. _attempts.Keys];
        }
    }

    private async Task UntilTriedAsync(int count)
    {
        for (long started = TimeProvider.System.GetTimestamp(); Tried.Count() < count; await Task.Yield())
            Assert.True(TimeProvider.System.GetElapsedTime(started) < s_deadline, $"Only {Tried.Count()} of {count} addresses were tried.");
    }

    [Fact]
    public void Families_alternate_beginning_with_the_first()
    {
        Assert.Equal(
            [s_six, s_four, s_otherSix, s_otherFour],
            HappyEyeballs<FakeConnection>.Interleave([s_six, s_otherSix, s_four, s_otherFour]));
        Assert.Equal([s_four, s_six, s_otherFour], HappyEyeballs<FakeConnection>.Interleave([s_four, s_otherFour, s_six]));
        Assert.Empty(HappyEyeballs<FakeConnection>.Interleave([]));
    }

    [Fact]
    public async Task Each_attempt_has_its_head_start_and_the_first_answer_wins()
    {
        Task<FakeConnection> connecting = _eyeballs.ConnectAsync([s_six, s_four, s_otherSix], CancellationToken.None);
        Assert.Equal([s_six], Tried);
        _time.Advance(s_headStart - TimeSpan.FromTicks(1));
        Assert.Equal([s_six], Tried);
        _time.Advance(TimeSpan.FromTicks(1));
        await UntilTriedAsync(2);
        Assert.Equal([s_six, s_four], Tried);
        var winner = new FakeConnection(_time);
        _attempts[s_four].Source.SetResult(winner);
        Assert.Same(winner, await connecting.WaitAsync(s_deadline));
        Assert.True(_attempts[s_six].Token.IsCancellationRequested);
        _time.Advance(10 * s_headStart);
        Assert.Equal([s_six, s_four], Tried);
        Assert.Equal(0, winner.Disposals);

        // A loser that connects all the same is closed.
        var loser = new FakeConnection(_time);
        _attempts[s_six].Source.SetResult(loser);
        await loser.Closed.WaitAsync(s_deadline);
        Assert.Equal(1, loser.Disposals);
    }

    [Fact]
    public async Task A_failure_starts_the_next_at_once_with_a_whole_head_start()
    {
        Task<FakeConnection> connecting = _eyeballs.ConnectAsync([s_six, s_four, s_otherSix], CancellationToken.None);
        _time.Advance(s_headStart / 2);
        _attempts[s_six].Source.SetException(new SocketException((int)SocketError.NetworkUnreachable));
        await UntilTriedAsync(2);
        _time.Advance(s_headStart - TimeSpan.FromTicks(1));
        Assert.Equal([s_six, s_four], Tried);
        _time.Advance(TimeSpan.FromTicks(1));
        await UntilTriedAsync(3);
        var winner = new FakeConnection(_time);
        _attempts[s_four].Source.SetResult(winner);
        Assert.Same(winner, await connecting.WaitAsync(s_deadline));
    }

    [Fact]
    public async Task The_first_failure_is_thrown_when_all_fail()
    {
        Task<FakeConnection> connecting = _eyeballs.ConnectAsync([s_six, s_four], CancellationToken.None);
        _attempts[s_six].Source.SetException(new SocketException((int)SocketError.NetworkUnreachable));
        await UntilTriedAsync(2);
        _attempts[s_four].Source.SetException(new SocketException((int)SocketError.ConnectionRefused));
        var error = await Assert.ThrowsAsync<SocketException>(() => connecting.WaitAsync(s_deadline));
        Assert.Equal(SocketError.NetworkUnreachable, error.SocketErrorCode);
    }

    [Fact]
    public async Task No_address_is_host_not_found()
    {
        var error = await Assert.ThrowsAsync<SocketException>(() => _eyeballs.ConnectAsync([], CancellationToken.None));
        Assert.Equal(SocketError.HostNotFound, error.SocketErrorCode);
    }

    [Fact]
    public async Task The_callers_token_cancels_every_attempt()
    {
        using var stop = new CancellationTokenSource();
        Task<FakeConnection> connecting = _eyeballs.ConnectAsync([s_six, s_four], stop.Token);
        _time.Advance(s_headStart);
        await UntilTriedAsync(2);
        await stop.CancelAsync();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WaitAsync(s_deadline));
        Assert.Equal(stop.Token, error.CancellationToken);
        Assert.All(_attempts.Values, static attempt => Assert.True(attempt.Token.IsCancellationRequested));
    }

    private sealed record Attempt(CancellationToken Token)
    {
        public TaskCompletionSource<FakeConnection> Source { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
