using System.Net;
using System.Net.Sockets;
using RxSockets.Engines;
using RxSockets.Native.Windows;
using RxSockets.Operations;

namespace RxSockets.Tests.Engines.Iocp;

/// <summary>ConnectEx and SO_UPDATE_CONNECT_CONTEXT, over fakes.</summary>
public class ConnectTests
{
    /// <summary>What the documentation of ConnectEx lists, as it comes from the call or from the completion.</summary>
    public static TheoryData<int, SocketError> Codes => new()
    {
        { 10048, SocketError.AddressAlreadyInUse }, { 10037, SocketError.AlreadyInProgress }, { 10049, SocketError.AddressNotAvailable },
        { 10047, SocketError.AddressFamilyNotSupported }, { 10061, SocketError.ConnectionRefused }, { 10014, SocketError.Fault },
        { 10022, SocketError.InvalidArgument }, { 10056, SocketError.IsConnected }, { 10051, SocketError.NetworkUnreachable },
        { 10065, SocketError.HostUnreachable }, { 10055, SocketError.NoBufferSpaceAvailable }, { 10038, SocketError.NotSocket },
        { 10060, SocketError.TimedOut }, { 10050, SocketError.NetworkDown }, { Win32Error.ERROR_CONNECTION_REFUSED, SocketError.ConnectionRefused },
        { Win32Error.ERROR_SEM_TIMEOUT, SocketError.TimedOut }, { Win32Error.ERROR_HOST_UNREACHABLE, SocketError.HostUnreachable },
    };

    public static TheoryData<uint, SocketError> Statuses => new()
    {
        { NtStatus.STATUS_CONNECTION_REFUSED, SocketError.ConnectionRefused }, { NtStatus.STATUS_IO_TIMEOUT, SocketError.TimedOut },
        { NtStatus.STATUS_NETWORK_UNREACHABLE, SocketError.NetworkUnreachable }, { NtStatus.STATUS_HOST_UNREACHABLE, SocketError.HostUnreachable },
        { NtStatus.STATUS_ADDRESS_ALREADY_EXISTS, SocketError.AddressAlreadyInUse }, { NtStatus.STATUS_INVALID_ADDRESS_COMPONENT, SocketError.AddressNotAvailable },
        { NtStatus.STATUS_INSUFFICIENT_RESOURCES, SocketError.NoBufferSpaceAvailable }, { NtStatus.STATUS_CONNECTION_ACTIVE, SocketError.IsConnected },
        { NtStatus.STATUS_CANCELLED, SocketError.OperationAborted },
    };

    [Fact]
    public async Task The_calls_come_in_order_with_the_first_data()
    {
        await using var port = new FakePort();
        var told = new ConnectRecording();
        port.Engine.StartConnect(new ConnectRequest { Remote = FakePort.Somewhere, FirstData = new byte[] { 1, 2, 3 }, NoDelay = true }, told);
        FakeCall connect = port.Winsock.Next("ConnectEx");
        Assert.Equal("10.0.0.2:2222 data=010203 bytes=3", connect.Arguments);
        port.Winsock.Complete(connect, bytes: 3);
        Assert.Equal("connected 3 Success", told.Next());
        Close(told);
    }

    [Fact]
    public async Task Before_the_call_the_socket_is_bound_and_after_it_the_context_is_updated()
    {
        await using var port = new FakePort();
        var told = new ConnectRecording();
        port.Engine.StartConnect(new ConnectRequest { Remote = FakePort.Somewhere, NoDelay = true }, told);
        FakeCall[] before = port.Winsock.Drain();
        Assert.Equal(
            ["socket family=2 type=1 protocol=6", "setsockopt 0x3007 value=1 length=4", "setsockopt 0x1 value=1 length=4", "bind 0.0.0.0:0", "associate",
                "ConnectEx 10.0.0.2:2222 data=none bytes=0"],
            before.Select(static call => call.ToString()));
        port.Winsock.Complete(before[^1]);
        Assert.Equal("connected 0 Success", told.Next());
        // NULL, 0: as the documentation has it.
        Assert.Equal(["setsockopt 0x7010 value=0 length=0", "ioctlsocket 0x8004667E"], port.Winsock.Drain().Select(static call => call.ToString()));
        Close(told);
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public async Task Each_error_of_the_call_is_that_SocketError(int code, SocketError expected)
    {
        await using var port = new FakePort(winsock => winsock.Answer = call => call.Name == "ConnectEx" ? FakeAnswer.Fails(code) : null);
        var told = new ConnectRecording();
        port.Engine.StartConnect(new ConnectRequest { Remote = FakePort.Somewhere }, told);
        Assert.Equal($"connected 0 {expected}", told.Next());
        Assert.Null(told.Socket);
    }

    [Theory]
    [MemberData(nameof(Statuses))]
    public async Task Each_status_of_the_completion_is_that_SocketError(uint status, SocketError expected)
    {
        await using var port = new FakePort(winsock => winsock.Answer = call => call.Name == "ConnectEx" ? FakeAnswer.Completes(status: status) : null);
        var told = new ConnectRecording();
        port.Engine.StartConnect(new ConnectRequest { Remote = FakePort.Somewhere, FirstData = new byte[10] }, told);
        Assert.Equal($"connected 0 {expected}", told.Next());
        Assert.DoesNotContain(port.Winsock.Drain(), static call => call.Arguments.StartsWith("0x7010", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Done_at_once_is_told_once_and_later()
    {
        await using var port = new FakePort(static winsock => winsock.Answer = static call => call.Name == "ConnectEx" ? FakeAnswer.AtOnce(bytes: 2) : null);
        var told = new ConnectRecording();
        port.Engine.StartConnect(new ConnectRequest { Remote = FakePort.Somewhere, FirstData = new byte[2] }, told);
        Assert.Equal("connected 2 Success", told.Next());
        Assert.Equal(0, told.Waiting);
        Close(told);
    }

    [Fact]
    public async Task A_context_that_cannot_be_updated_fails_the_connect()
    {
        await using var port = new FakePort(static winsock => winsock.Answer = static call => call.Arguments.StartsWith("0x7010", StringComparison.Ordinal)
            ? FakeAnswer.Fails((int)SocketError.NotConnected) : null);
        var told = new ConnectRecording();
        port.Engine.StartConnect(new ConnectRequest { Remote = FakePort.Somewhere }, told);
        port.Winsock.Complete(port.Winsock.Next("ConnectEx"));
        Assert.Equal("connected 0 NotConnected", told.Next());
    }

    [Fact]
    public async Task More_first_data_than_a_block_follows_by_sends()
    {
        await using var port = new FakePort();
        var told = new ConnectRecording();
        port.Engine.StartConnect(new ConnectRequest { Remote = FakePort.Somewhere, FirstData = new byte[100_000] }, told);
        FakeCall connect = port.Winsock.Next("ConnectEx");
        Assert.EndsWith("bytes=65536", connect.Arguments, StringComparison.Ordinal);
        port.Winsock.Complete(connect, bytes: 65536);
        FakeCall send = port.Winsock.Next("WSASend");
        Assert.Equal("34464", send.Arguments);
        port.Winsock.Complete(send, bytes: 4464);
        send = port.Winsock.Next("WSASend");
        Assert.Equal("30000", send.Arguments);
        port.Winsock.Complete(send, bytes: 30000);
        Assert.Equal("connected 100000 Success", told.Next());
        Close(told);
    }

    [Fact]
    public async Task A_cancel_ends_the_call_in_flight_and_closes_the_socket_after_its_packet()
    {
        await using var port = new FakePort();
        var told = new ConnectRecording();
        var request = new ConnectRequest { Remote = FakePort.Somewhere };
        port.Engine.StartConnect(request, told);
        port.Engine.CancelConnect(request);
        Assert.Equal("connected 0 OperationAborted", told.Next());
        Assert.Equal(["ConnectEx", "CancelIoEx", "closesocket"], port.Winsock.Drain().Select(static call => call.Name).Where(static name => name is "ConnectEx" or "CancelIoEx" or "closesocket"));
    }

    [Fact]
    public async Task A_cancel_that_is_missed_is_asked_for_again()
    {
        int cancels = 0;
        await using var port = new FakePort(winsock => winsock.Answer = call =>
            call.Name == "CancelIoEx" && cancels++ < 2 ? FakeAnswer.Fails(Win32Error.ERROR_NOT_FOUND) : null);
        var told = new ConnectRecording();
        var request = new ConnectRequest { Remote = FakePort.Somewhere };
        port.Engine.StartConnect(request, told);
        port.Engine.CancelConnect(request);
        Assert.Equal("connected 0 OperationAborted", told.Next());
        Assert.True(cancels >= 3);
    }

    [Fact]
    public async Task A_provider_without_ConnectEx_is_a_clear_error_and_the_engine_does_not_offer_itself()
    {
        await using var port = new FakePort(static winsock => winsock.MissingExtensions.Add(ExtensionFunctions.WSAID_CONNECTEX));
        var told = new ConnectRecording();
        port.Engine.StartConnect(new ConnectRequest { Remote = FakePort.Somewhere }, told);
        Assert.Equal("connected 0 OperationNotSupported", told.Next());
        var error = Assert.Throws<PlatformNotSupportedException>(() => port.Listen());
        Assert.Contains("ConnectEx", error.Message, StringComparison.Ordinal);
        Assert.Contains("ConnectEx", RxSockets.Engines.Iocp.IocpEngine.Probe(port.Winsock), StringComparison.Ordinal);
    }

    private static void Close(ConnectRecording told)
    {
        var sink = new SocketRecording();
        told.Socket!.Attach(sink);
        FakePort.Close(told.Socket, sink);
    }
}
