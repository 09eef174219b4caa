using System.Net;
using RxSockets.Sockets;
using RxSockets.Tests.Testing;

namespace RxSockets.Tests.Sockets;

public class PortEndTests
{
    [Fact]
    public async Task A_port_disposed_of_while_a_listener_is_made_waits_for_it()
    {
        var engine = new FakeEngine();
        Task? disposing = null;
        bool early = true;
        engine.Listening = () =>
        {
            disposing = engine.Port.DisposeAsync().AsTask();
            early = engine.IsShutDown;
        };
        var listener = new Listener<RxConnection>(engine.Port, new IPEndPoint(IPAddress.Loopback, 1), new ListenerOptions().Validated(), static core => new RxConnection(core));
        Assert.False(early);
        Assert.True(listener.IsDisposed);
        await disposing!.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.True(engine.IsShutDown);
        Assert.Equal(0, engine.Port.MemberCount);
    }
}
