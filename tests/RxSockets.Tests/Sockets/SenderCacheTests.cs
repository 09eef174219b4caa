using System.Net;
using RxSockets.Sockets;

namespace RxSockets.Tests.Sockets;

public class SenderCacheTests
{
    private static byte[] Native(IPEndPoint endPoint)
    {
        SocketAddress address = endPoint.Serialize();
        return address.Buffer.Span[..address.Size].ToArray();
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("fe80::1%3")]
    [InlineData("::ffff:10.0.0.1")]
    public void A_known_sender_is_the_same_object(string address)
    {
        var endPoint = new IPEndPoint(IPAddress.Parse(address), 1234);
        var other = new IPEndPoint(endPoint.Address, 1235);
        var cache = new SenderCache(endPoint.AddressFamily);
        IPEndPoint found = cache.Find(Native(endPoint));
        Assert.Equal(endPoint, found);
        Assert.Equal(other, cache.Find(Native(other)));
        Assert.Same(found, cache.Find(Native(endPoint)));
        Assert.Equal(2, cache.Count);
    }

    [Fact]
    public void Only_so_many_are_remembered_and_those_that_speak_stay()
    {
        var cache = new SenderCache(System.Net.Sockets.AddressFamily.InterNetwork);
        var regular = new IPEndPoint(IPAddress.Loopback, 1);
        IPEndPoint first = cache.Find(Native(regular));
        for (int port = 2; port < 10_000; port++)
        {
            cache.Find(Native(new IPEndPoint(IPAddress.Loopback, port)));
            if (port % 100 == 0)
                Assert.Same(first, cache.Find(Native(regular)));
            Assert.InRange(cache.Count, 1, SenderCache.GenerationSize * 2);
        }
    }

    [Fact]
    public void A_known_sender_allocates_nothing()
    {
        var cache = new SenderCache(System.Net.Sockets.AddressFamily.InterNetwork);
        byte[][] senders = [.. Enumerable.Range(1, SenderCache.GenerationSize).Select(static port => Native(new IPEndPoint(IPAddress.Loopback, port)))];
        FindAll();
        FindAll();
        long before = GC.GetAllocatedBytesForCurrentThread();
        FindAll();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void FindAll()
        {
            foreach (byte[] sender in senders)
                cache.Find(sender);
        }
    }
}
