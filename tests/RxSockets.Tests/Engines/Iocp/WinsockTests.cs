using System.Net;
using System.Net.Sockets;
using RxSockets.Engines.Iocp;
using RxSockets.Native.Windows;

namespace RxSockets.Tests.Engines.Iocp;

/// <summary>The table of errors, the addresses, and the blocks of a loop.</summary>
public class WinsockTests
{
    [Theory]
    [InlineData(1225, SocketError.ConnectionRefused)]
    [InlineData(64, SocketError.ConnectionReset)]
    [InlineData(1236, SocketError.ConnectionAborted)]
    [InlineData(995, SocketError.OperationAborted)]
    [InlineData(234, SocketError.MessageSize)]
    [InlineData(121, SocketError.TimedOut)]
    [InlineData(6, SocketError.NotSocket)]
    [InlineData(10038, SocketError.NotSocket)]
    [InlineData(10101, SocketError.Disconnecting)]
    [InlineData(0, SocketError.Success)]
    [InlineData(77777, SocketError.SocketError)]
    public void Codes(int code, SocketError expected) => Assert.Equal(expected, WinsockErrors.FromCode(code));

    // What WSAGetOverlappedResult makes of them, from Wine's own tests, which also run on Windows.
    [Theory]
    [InlineData(NtStatus.STATUS_CANCELLED, 995)]
    [InlineData(NtStatus.STATUS_CONNECTION_REFUSED, 10061)]
    [InlineData(NtStatus.STATUS_CONNECTION_RESET, 10054)]
    [InlineData(NtStatus.STATUS_REMOTE_DISCONNECT, 10054)]
    [InlineData(NtStatus.STATUS_LINK_FAILED, 10054)]
    [InlineData(NtStatus.STATUS_CONNECTION_DISCONNECTED, 10054)]
    [InlineData(NtStatus.STATUS_PORT_UNREACHABLE, 10054)]
    [InlineData(NtStatus.STATUS_CONNECTION_ABORTED, 10053)]
    [InlineData(NtStatus.STATUS_LOCAL_DISCONNECT, 10053)]
    [InlineData(NtStatus.STATUS_TRANSACTION_ABORTED, 10053)]
    [InlineData(NtStatus.STATUS_IO_TIMEOUT, 10060)]
    [InlineData(NtStatus.STATUS_LINK_TIMEOUT, 10060)]
    [InlineData(NtStatus.STATUS_NETWORK_UNREACHABLE, 10051)]
    [InlineData(NtStatus.STATUS_PROTOCOL_UNREACHABLE, 10051)]
    [InlineData(NtStatus.STATUS_BAD_NETWORK_PATH, 10051)]
    [InlineData(NtStatus.STATUS_HOST_UNREACHABLE, 10065)]
    [InlineData(NtStatus.STATUS_INVALID_CONNECTION, 10057)]
    [InlineData(NtStatus.STATUS_PIPE_DISCONNECTED, 10058)]
    [InlineData(NtStatus.STATUS_CONNECTION_ACTIVE, 10056)]
    [InlineData(NtStatus.STATUS_BUFFER_OVERFLOW, 10040)]
    [InlineData(NtStatus.STATUS_INVALID_BUFFER_SIZE, 10040)]
    [InlineData(NtStatus.STATUS_BUFFER_TOO_SMALL, 10014)]
    [InlineData(NtStatus.STATUS_ACCESS_VIOLATION, 10014)]
    [InlineData(NtStatus.STATUS_INVALID_HANDLE, 10038)]
    [InlineData(NtStatus.STATUS_OBJECT_TYPE_MISMATCH, 10038)]
    [InlineData(NtStatus.STATUS_INVALID_ADDRESS, 10049)]
    [InlineData(NtStatus.STATUS_INVALID_ADDRESS_COMPONENT, 10049)]
    [InlineData(NtStatus.STATUS_ADDRESS_ALREADY_EXISTS, 10048)]
    [InlineData(NtStatus.STATUS_SHARING_VIOLATION, 10048)]
    [InlineData(NtStatus.STATUS_ACCESS_DENIED, 10013)]
    [InlineData(NtStatus.STATUS_NOT_SUPPORTED, 10045)]
    [InlineData(NtStatus.STATUS_NOT_IMPLEMENTED, 10045)]
    [InlineData(NtStatus.STATUS_NO_MEMORY, 10055)]
    [InlineData(NtStatus.STATUS_INSUFFICIENT_RESOURCES, 10055)]
    [InlineData(NtStatus.STATUS_QUOTA_EXCEEDED, 10055)]
    [InlineData(NtStatus.STATUS_GRACEFUL_DISCONNECT, 10101)]
    [InlineData(NtStatus.STATUS_REQUEST_ABORTED, 10004)]
    [InlineData(NtStatus.STATUS_HANDLES_CLOSED, 995)]
    [InlineData(NtStatus.STATUS_SUCCESS, 0)]
    public void Statuses(uint status, int expected)
    {
        SocketError error = WinsockErrors.FromStatus(status);
        Assert.Equal(expected, error == SocketError.OperationAborted ? 995 : (int)error);
    }

    [Theory]
    [InlineData("1.2.3.4:5678", "0200162E010203040000000000000000")]
    [InlineData("[::1]:443", "170001BB000000000000000000000000000000000000000100000000")]
    [InlineData("[fe80::1%7]:1", "1700000100000000FE8000000000000000000000000000010700000000000000")]
    public unsafe void Addresses_have_Windows_layout_on_every_system(string text, string expected)
    {
        byte* address = stackalloc byte[WinsockAddress.MaxBytes];
        IPEndPoint endPoint = IPEndPoint.Parse(text);
        int length = WinsockAddress.Write(endPoint, address);
        Assert.StartsWith(Convert.ToHexString(new ReadOnlySpan<byte>(address, length)), expected, StringComparison.Ordinal);
        Assert.Equal(endPoint, WinsockAddress.Read(address, length));
    }

    [Fact]
    public unsafe void A_path_is_an_address_too_and_what_is_unknown_is_none()
    {
        byte* address = stackalloc byte[WinsockAddress.MaxBytes];
        Assert.Equal(-1, WinsockAddress.Family(new DnsEndPoint("localhost", 1)));
        Assert.Null(WinsockAddress.Read(null, 0));
        address[0] = 99;
        Assert.Null(WinsockAddress.Read(address, 16));
        Assert.SkipUnless(Socket.OSSupportsUnixDomainSockets, "This system has no Unix sockets.");
        var path = new UnixDomainSocketEndPoint("/run/x.sock");
        Assert.Equal(WinsockAddress.UnixBytes, WinsockAddress.Write(path, address));
        Assert.Equal(path.ToString(), WinsockAddress.Read(address, WinsockAddress.UnixBytes)!.ToString());
    }

    [Fact]
    public async Task A_block_is_found_only_by_its_key_while_something_is_in_flight_and_for_its_present_owner()
    {
        await using var port = new FakePort();
        using var table = new OverlappedTable();
        var first = new NoRequest(port.Engine.FirstLoop);
        var second = new NoRequest(port.Engine.FirstLoop);
        Check(table, first, second);
        for (int i = 0; i < 1000; i++)
            Rent(table, first);
        Assert.Equal(1001, table.Rented);
    }

    private static unsafe void Rent(OverlappedTable table, IocpRequest request) => table.Rent(request);

    private static unsafe void Check(OverlappedTable table, IocpRequest first, IocpRequest second)
    {
        OverlappedBlock* block = table.Rent(first);
        Assert.Null(table.Find(block, 7));
        table.Begin(block, 7);
        Assert.Equal(1, table.InFlight);
        Assert.Same(first, table.Find(block, 7));
        Assert.Null(table.Find(block, 8));
        table.End(block);
        Assert.Null(table.Find(block, 7));
        table.Return(block);
        Assert.True(block == table.Rent(second));
        table.Begin(block, 9);
        Assert.Null(table.Find(block, 7));
        Assert.Same(second, table.Find(block, 9));
        table.End(block);
    }

    private sealed class NoRequest(IocpLoop loop) : IocpRequest(loop)
    {
        public override void OnCompletion(uint status, uint bytes)
        {
        }
    }
}
