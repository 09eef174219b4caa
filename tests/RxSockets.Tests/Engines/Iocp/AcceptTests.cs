using System.Net.Sockets;
using RxSockets.Engines;
using RxSockets.Engines.Iocp;
using RxSockets.Native.Windows;

namespace RxSockets.Tests.Engines.Iocp;

/// <summary>AcceptEx, GetAcceptExSockaddrs, SO_UPDATE_ACCEPT_CONTEXT and SO_CONNECT_TIME, over fakes.</summary>
public class AcceptTests
{
    private const int NotConnected = -1;

    [Fact]
    public async Task A_listener_is_exclusive_and_posts_what_was_asked_for()
    {
        await using var port = new FakePort();
        (EngineListener listener, ListenerRecording told) = port.Listen(pending: 3);
        listener.StartAccept();
        for (int i = 0; i < 3; i++)
        {
            FakeCall accept = port.Winsock.Next("AcceptEx");
            // 16 more than a sockaddr_in, twice.
            Assert.EndsWith("receive=0 local=32 remote=32", accept.Arguments, StringComparison.Ordinal);
        }

        listener.Close();
        Assert.Equal("stopped Success", told.Next());
        Assert.Equal("closed", told.Next());
    }

    [Fact]
    public async Task The_calls_before_listening_come_in_order()
    {
        await using var port = new FakePort();
        (EngineListener listener, ListenerRecording told) = port.Listen();
        string[] calls = [.. port.Winsock.Drain().Select(static call => call.ToString())];
        Assert.Equal(
            ["socket family=2 type=1 protocol=6", "setsockopt 0xFFFFFFFB value=1 length=4", "bind 10.0.0.1:0", "listen 7", "associate"], calls);
        Assert.Equal(port.Winsock.Local, listener.LocalEndPoint);
        listener.Close();
        Assert.Equal("closed", told.Next());
    }

    [Fact]
    public async Task The_context_is_updated_right_after_the_completion_and_another_accept_is_posted_before()
    {
        await using var port = new FakePort();
        (EngineListener listener, ListenerRecording told) = port.Listen(pending: 1);
        listener.StartAccept();
        FakeCall accept = port.Winsock.Next("AcceptEx");
        port.Winsock.Drain();
        port.Winsock.Complete(accept);
        Assert.Equal("accepted 10.0.0.2:2222", told.Next());
        string accepted = accept.Arguments.Split(' ')[0]["accept=".Length..];
        string[] calls = [.. port.Winsock.Drain().Select(static call => call.Name == "setsockopt" ? call.ToString() : call.Name)];
        Assert.Equal(
            ["socket", "AcceptEx", $"setsockopt 0x700B value={accept.Handle} length=8", "ioctlsocket", "setsockopt 0x1 value=1 length=4", "associate"], calls);
        Assert.True(told.Accepted.TryDequeue(out EngineSocket? socket));
        Assert.Equal(accepted, socket.Handle.DangerousGetHandle().ToString());
        Assert.Equal(port.Winsock.Local, socket.LocalEndPoint);
        Close(socket, listener, told);
    }

    [Fact]
    public async Task A_context_that_cannot_be_updated_ends_that_client_and_not_the_stream()
    {
        await using var port = new FakePort(static winsock => winsock.Answer = static call =>
            call.Arguments.StartsWith("0x700B", StringComparison.Ordinal) ? FakeAnswer.Fails((int)SocketError.NotConnected) : null);
        (EngineListener listener, ListenerRecording told) = port.Listen(pending: 1);
        listener.StartAccept();
        port.Winsock.Complete(port.Winsock.Next("AcceptEx"));
        Assert.Equal("lost NotConnected", told.Next());
        port.Winsock.Answer = static _ => null;
        port.Winsock.Complete(port.Winsock.Next("AcceptEx"));
        Assert.Equal("accepted 10.0.0.2:2222", told.Next());
        Close(told.Accepted.First(), listener, told);
    }

    [Theory]
    [InlineData(NtStatus.STATUS_CONNECTION_RESET, "lost ConnectionReset")]
    [InlineData(NtStatus.STATUS_REMOTE_DISCONNECT, "lost ConnectionReset")]
    [InlineData(NtStatus.STATUS_LOCAL_DISCONNECT, "lost ConnectionAborted")]
    [InlineData(NtStatus.STATUS_INSUFFICIENT_RESOURCES, "stopped NoBufferSpaceAvailable")]
    [InlineData(NtStatus.STATUS_INVALID_HANDLE, "stopped NotSocket")]
    public async Task A_failed_accept_concerns_its_client_or_ends_accepting(uint status, string expected)
    {
        await using var port = new FakePort();
        (EngineListener listener, ListenerRecording told) = port.Listen(pending: 2);
        listener.StartAccept();
        port.Winsock.Complete(port.Winsock.Next("AcceptEx"), status: status);
        Assert.Equal(expected, told.Next());
        listener.Close();
        if (expected.StartsWith("lost", StringComparison.Ordinal))
            Assert.Equal("stopped Success", told.Next());
        Assert.Equal("closed", told.Next());
    }

    [Theory]
    [InlineData("AcceptEx", (int)SocketError.NotSocket, "stopped NotSocket")]
    [InlineData("AcceptEx", (int)SocketError.InvalidArgument, "stopped InvalidArgument")]
    [InlineData("AcceptEx", (int)SocketError.NoBufferSpaceAvailable, "stopped NoBufferSpaceAvailable")]
    [InlineData("socket", (int)SocketError.TooManyOpenSockets, "stopped TooManyOpenSockets")]
    public async Task Accepts_that_cannot_be_posted_end_accepting_with_the_error(string name, int code, string expected)
    {
        await using var port = new FakePort();
        (EngineListener listener, ListenerRecording told) = port.Listen();
        port.Winsock.Answer = call => call.Name == name ? FakeAnswer.Fails(code) : null;
        listener.StartAccept();
        Assert.Equal(expected, told.Next());
        port.Winsock.Answer = static _ => null;
        listener.StartAccept();
        port.Winsock.Next("AcceptEx");
        listener.StopAccept();
        Assert.Equal("stopped Success", told.Next());
        listener.Close();
        Assert.Equal("closed", told.Next());
    }

    [Fact]
    public async Task An_accept_that_is_done_at_once_is_told_once()
    {
        int count = 0;
        await using var port = new FakePort(winsock => winsock.Answer = call => call.Name == "AcceptEx" && count++ < 3 ? FakeAnswer.AtOnce() : null);
        (EngineListener listener, ListenerRecording told) = port.Listen(pending: 1);
        listener.StartAccept();
        for (int i = 0; i < 3; i++)
            Assert.Equal("accepted 10.0.0.2:2222", told.Next());
        foreach (EngineSocket socket in told.Accepted)
            Close(socket);
        listener.Close();
        Assert.Equal("stopped Success", told.Next());
        Assert.Equal("closed", told.Next());
    }

    [Fact]
    public async Task With_first_data_the_accept_asks_for_it_and_a_sentry_stands_behind()
    {
        await using var port = new FakePort(static winsock => winsock.ConnectTime = static _ => NotConnected);
        (EngineListener listener, ListenerRecording told) = port.Listen(pending: 2, firstData: 100);
        listener.StartAccept();
        FakeCall first = port.Winsock.Next("AcceptEx");
        Assert.Contains("receive=100 local=32", first.Arguments, StringComparison.Ordinal);
        Assert.Contains("receive=100 local=32", port.Winsock.Next("AcceptEx").Arguments, StringComparison.Ordinal);
        FakeCall sentry = port.Winsock.Next("AcceptEx");
        Assert.Contains("receive=0 local=32", sentry.Arguments, StringComparison.Ordinal);
        port.Winsock.Complete(first, bytes: 5);
        Assert.Equal("accepted 10.0.0.2:2222 first=5", told.Next());

        // Who comes by the sentry is received from by a call of its own; others are posted for those that hold the accepts.
        port.Winsock.Drain();
        port.Winsock.ConnectTime = static _ => 0;
        port.Winsock.Complete(sentry);
        FakeCall receive = port.Winsock.Next("WSARecv");
        Assert.Equal("100", receive.Arguments);
        Assert.Contains("receive=100", port.Winsock.Next("AcceptEx").Arguments, StringComparison.Ordinal);
        Assert.Contains("receive=100", port.Winsock.Next("AcceptEx").Arguments, StringComparison.Ordinal);
        Assert.Contains("receive=0", port.Winsock.Next("AcceptEx").Arguments, StringComparison.Ordinal);
        port.Winsock.Complete(receive, bytes: 3);
        Assert.Equal("accepted 10.0.0.2:2222 first=3", told.Next());
        port.Winsock.ConnectTime = static _ => NotConnected;
        foreach (EngineSocket socket in told.Accepted)
            Close(socket);
        listener.Close();
        Assert.Equal("stopped Success", told.Next());
        Assert.Equal("closed", told.Next());
    }

    [Fact]
    public async Task A_sweep_resets_who_is_connected_and_silent_for_too_long_and_nobody_else()
    {
        await using var port = new FakePort(static winsock => winsock.ConnectTime = static _ => NotConnected);
        (EngineListener listener, ListenerRecording told) = port.Listen(pending: 2, firstData: 100);
        listener.StartAccept();
        FakeCall accept = port.Winsock.Next("AcceptEx");
        port.Winsock.Next("AcceptEx");
        nint silent = nint.Parse(accept.Arguments.Split(' ')[0]["accept=".Length..], System.Globalization.CultureInfo.InvariantCulture);
        port.Winsock.Next("AcceptEx");
        // Three seconds old when the first sweep sees it.
        port.Winsock.ConnectTime = socket => socket == silent ? 3 : NotConnected;
        for (int second = 1; second < 6; second++)
            port.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, listener.SilentDropped);
        port.Winsock.Drain();
        port.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, listener.SilentDropped);
        Assert.Equal(accept.Handle, port.Winsock.Next("CancelIoEx").Handle);
        Assert.StartsWith("0x80 ", port.Winsock.Next("setsockopt").Arguments, StringComparison.Ordinal);
        Assert.Equal(silent, port.Winsock.Next("closesocket").Handle);
        listener.Close();
        Assert.Equal("stopped Success", told.Next());
        Assert.Equal("closed", told.Next());
    }

    [Fact]
    public async Task Stopping_leaves_silent_clients_to_speak_later()
    {
        await using var port = new FakePort(static winsock => winsock.ConnectTime = static _ => NotConnected);
        (EngineListener listener, ListenerRecording told) = port.Listen(pending: 1, firstData: 100);
        listener.StartAccept();
        FakeCall accept = port.Winsock.Next("AcceptEx");
        port.Winsock.Next("AcceptEx");
        port.Winsock.ConnectTime = socket => accept.Arguments.Contains($"accept={socket} ", StringComparison.Ordinal) ? 0 : NotConnected;
        listener.StopAccept();
        Assert.Equal("stopped Success", told.Next());
        port.Winsock.Complete(accept, bytes: 9);
        Assert.Equal("accepted 10.0.0.2:2222 first=9", told.Next());
        Close(told.Accepted.First());
        listener.Close();
        Assert.Equal("closed", told.Next());
    }

    private static void Close(EngineSocket socket)
    {
        var sink = new SocketRecording();
        socket.Attach(sink);
        FakePort.Close(socket, sink);
    }

    private static void Close(EngineSocket socket, EngineListener listener, ListenerRecording told)
    {
        Close(socket);
        listener.Close();
        Assert.Equal("stopped Success", told.Next());
        Assert.Equal("closed", told.Next());
    }
}
