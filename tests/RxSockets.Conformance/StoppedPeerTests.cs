using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>Peers that are slow, stopped or killed.</summary>
public class StoppedPeerTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_peer_that_sends_and_reads_one_byte_at_a_time_is_understood(EngineKind engine, CompletionScheduling scheduling)
    {
        string[] lines = [.. Enumerable.Range(0, Wine.Scaled(300, underWine: 20)).Select(static number => new string((char)('a' + (number % 26)), number % 17) + number)];
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(string.Concat(lines.Select(static line => line + "\n")));
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        Task peerTalks = Task.Run(() =>
        {
            byte[] one = new byte[1];
            peer.ReceiveTimeout = 20_000;
            foreach (byte value in bytes)
            {
                peer.Send([value]);
                if (value != '\n')
                    continue;
                do
                    Assert.Equal(1, peer.Receive(one));
                while (one[0] != '\n');
            }

            peer.Shutdown(SocketShutdown.Send);
        });
        List<string> read = [];
        await foreach (string line in connection.ReceiveAllAsync().Lines())
        {
            read.Add(line);
            await connection.SendLineAsync(line);
        }

        await peerTalks.Within();
        Assert.Equal(lines, read);
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_stopped_process_holds_up_its_own_connection_only_and_killed_ends_it(EngineKind engine, CompletionScheduling scheduling)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs SIGSTOP.");
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        using var child = new ChildProcess("crowd", $"{((IPEndPoint)listener.LocalEndPoint).Port}", "1", "1");
        RxConnection connection = await listener.AcceptAsync().Within();
        Assert.Equal("connected", await child.ReadLineAsync());
        Assert.Equal(1, await connection.ReceiveAsync(new byte[10]).Within());
        await SignalAsync("STOP", child.Process);
        Task<int> receiving = connection.ReceiveAsync(new byte[1]).AsTask();
        byte[] block = new byte[32 << 20];
        Task sending = connection.SendAsync(block).AsTask();

        // Meanwhile others are served.
        Task serving = TestPort.EchoAsync(listener);
        using (Socket other = await Peers.ConnectAsync(listener.LocalEndPoint))
        {
            for (long started = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(2);)
            {
                await other.SendAsync("there"u8.ToArray()).Within();
                Assert.Equal("there"u8.ToArray(), await other.ReceiveExactlyAsync(5));
            }
        }

        Assert.False(sending.IsCompleted || receiving.IsCompleted || connection.Closed.IsCompleted);
        child.Process.Kill();
        await child.Process.WaitForExitAsync().Within();
        // It never read what was sent, so its end is a reset.
        Assert.Equal(SocketError.ConnectionReset, (await Assert.ThrowsAsync<SocketException>(() => sending.Within())).SocketErrorCode);
        Assert.Equal(SocketError.ConnectionReset, (await Assert.ThrowsAsync<SocketException>(() => receiving.Within())).SocketErrorCode);
        Assert.Equal(ConnectionCloseReason.PeerReset, (await connection.Closed.Within()).Reason);
        await listener.DisposeAsync();
        await serving.Within();
    }

    private static async Task SignalAsync(string signal, Process process)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        await kill.WaitForExitAsync().Within();
        Assert.Equal(0, kill.ExitCode);
    }
}
