using System.Net.Sockets;
using RxSockets.Sockets;
using Xunit;

namespace RxSockets.Tests.Sockets;

public class AcceptErrorPolicyTests
{
    [Theory]
    [InlineData(SocketError.ConnectionReset)]
    [InlineData(SocketError.ConnectionAborted)]
    [InlineData(SocketError.NotConnected)]
    public void A_client_that_went_away_is_transient(SocketError error) =>
        Assert.Equal(AcceptErrorKind.Transient, AcceptErrorPolicy.Classify(error));

    [Theory]
    [InlineData(SocketError.TooManyOpenSockets)]
    [InlineData(SocketError.NoBufferSpaceAvailable)]
    public void Running_out_is_exhaustion(SocketError error) =>
        Assert.Equal(AcceptErrorKind.Exhaustion, AcceptErrorPolicy.Classify(error));

    [Theory]
    [InlineData(SocketError.NotSocket)]
    [InlineData(SocketError.InvalidArgument)]
    [InlineData(SocketError.OperationNotSupported)]
    public void A_useless_listener_is_fatal(SocketError error) =>
        Assert.Equal(AcceptErrorKind.Fatal, AcceptErrorPolicy.Classify(error));

    [Fact]
    public void Pauses_double_from_5_ms_to_1_s_and_begin_again_after_a_success()
    {
        var policy = new AcceptErrorPolicy();
        int[] pauses = [.. Enumerable.Range(0, 10).Select(_ => (int)policy.NextPause().TotalMilliseconds)];
        Assert.Equal([5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000], pauses);
        policy.Succeeded();
        Assert.Equal(5, policy.NextPause().TotalMilliseconds);
    }
}
