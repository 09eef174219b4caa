using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace RxSockets.Conformance;

/// <summary>The spans of connect and accept, as any ActivityListener hears them.</summary>
public class ActivityTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_connect_is_a_child_of_its_caller_and_the_accept_is_nobodys(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        using var heard = new HeardActivities(port.Port);
        await using RxListener listener = port.Listen();
        Task<RxConnection> accepting = listener.AcceptAsync().AsTask();
        using var caller = new Activity("caller");
        caller.Start();
        RxConnection client = await port.ConnectAsync(listener.LocalEndPoint).Within();
        Assert.Same(caller, Activity.Current);
        RxConnection accepted = await accepting.Within();

        Activity connect = await heard.SingleAsync("rxsockets.connect", listener.LocalEndPoint);
        Assert.Equal((ActivityKind.Client, ActivityStatusCode.Unset), (connect.Kind, connect.Status));
        Assert.Equal(caller.SpanId, connect.ParentSpanId);
        Assert.Equal("tcp", connect.GetTagItem("network.transport"));
        Activity accept = await heard.SingleAsync("rxsockets.accept", client.LocalEndPoint!);
        Assert.Equal(default, accept.ParentSpanId);
        Assert.Equal(ActivityKind.Server, accept.Kind);
        Assert.Equal(((IPEndPoint)listener.LocalEndPoint).Port, accept.GetTagItem("network.local.port"));
        Assert.InRange(accept.Duration, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        await client.DisposeAsync();
        await accepted.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_refused_connect_is_a_failed_span(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        using var heard = new HeardActivities(port.Port);
        EndPoint gone = Peers.NobodyListens();
        await Assert.ThrowsAsync<SocketException>(() => port.ConnectAsync(gone).Within());
        Assert.Null(Activity.Current);
        Activity connect = await heard.SingleAsync("rxsockets.connect", gone);
        Assert.Equal(ActivityStatusCode.Error, connect.Status);
        Assert.Equal("connection_refused", connect.GetTagItem("error.type"));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task The_wait_for_the_first_block_is_in_the_span_of_the_accept(EngineKind engine, CompletionScheduling scheduling)
    {
        // Where a port's clock is another one than the kernel's, ages are reckoned by both: Linux tells milliseconds, Windows whole seconds.
        Assert.SkipWhen(engine == EngineKind.Iocp, "SO_CONNECT_TIME is in whole seconds.");
        await using var port = new TestPort(engine, scheduling);
        using var heard = new HeardActivities(port.Port);
        await using RxListener listener = port.Listen(static options => options.FirstDataBytes = 1);
        Task<RxConnection> accepting = listener.AcceptAsync().AsTask();
        await using RxConnection client = await port.ConnectAsync(listener.LocalEndPoint).Within();
        await Deadline.EventuallyAsync(() => client.ConnectTime >= TimeSpan.FromMilliseconds(200));
        await client.SendAsync(new byte[1]).Within();
        await using RxConnection accepted = await accepting.Within();
        Activity accept = await heard.SingleAsync("rxsockets.accept", client.LocalEndPoint!);
        // The client may have heard of the connection some time before the listener did.
        Assert.InRange(accept.Duration, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(20));
    }

    /// <summary>Listens to the source of the library; other cases run at the same time, so that a span is told by its port and its peer.</summary>
    private sealed class HeardActivities : IDisposable
    {
        private readonly ConcurrentQueue<Activity> _ended = new();
        private readonly ActivityListener _listener;
        private readonly string _port;

        public HeardActivities(CompletionPort port)
        {
            _port = port.Core.Diagnostics.Id;
            _listener = new ActivityListener
            {
                ShouldListenTo = static source => source.Name == "RxSockets",
                Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = _ended.Enqueue,
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public async Task<Activity> SingleAsync(string name, EndPoint peer)
        {
            await Deadline.EventuallyAsync(() => Of(name, peer).Length > 0);
            return Assert.Single(Of(name, peer));
        }

        public void Dispose() => _listener.Dispose();

        private Activity[] Of(string name, EndPoint peer) => [.. _ended.Where(activity => activity.OperationName == name && Equals(activity.GetTagItem("rxsockets.port"), _port)
            && Equals(activity.GetTagItem("network.peer.port"), ((IPEndPoint)peer).Port))];
    }
}
