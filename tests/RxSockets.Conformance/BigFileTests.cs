using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace RxSockets.Conformance;

/// <summary>More than a native call takes at once, and more than should ever be in memory. Not beside other cases: on Windows the memory of this process is looked at.</summary>
[Collection(nameof(Crowded))]
public class BigFileTests
{
    private const long Length = 3L << 30;
    private const int Edge = 1024;
    private const int Small = 1 << 20;
    private const int Block = 64 << 10;

    // A prime, so that blocks lie across every boundary the engines might have.
    private const long Distance = 50_000_017;

    public static TheoryData<EngineKind> All => new() { EngineKind.IoUring, EngineKind.Managed };

    [Theory]
    [MemberData(nameof(All))]
    [RxSockets.Testing.TestDeadline(240)]
    public async Task Three_gibibytes_arrive_whole_and_memory_stays_flat(EngineKind engine)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads the sender's peak of resident memory from /proc.");
        if (EngineSelector.WhyNot(engine) is { } reason)
            Assert.Skip($"{engine} cannot run here: {reason}");
        string path = Path.Combine(Path.GetTempPath(), "rxsockets-big-" + Guid.NewGuid().ToString("N"));
        byte[] block = new byte[Block];
        new Random(3).NextBytes(block);
        try
        {
            Write(path, block);
            using Socket listener = Peers.Listen();
            using var child = new ChildProcess(
                "transmit", engine.ToString(), nameof(CompletionScheduling.ThreadPool), ((IPEndPoint)listener.LocalEndPoint!).Port.ToString(CultureInfo.InvariantCulture), path);
            using Socket peer = await listener.AcceptAsync().Within();
            peer.ReceiveTimeout = 60_000;
            await Task.Run(() =>
            {
                Check(peer, Small, block);
                Check(peer, Length, block);
                Assert.Equal(0, peer.Receive(new byte[1]));
            });
            long[] told = await child.ReadNumbersAsync();
            peer.Dispose();
            await child.EndedAsync();
            Assert.Equal(Length + (2 * Edge), told[0]);
            TestContext.Current.TestOutputHelper?.WriteLine($"{engine}: the peak grew by {told[1]} KiB");
            Assert.InRange(told[1], 0, 32 << 10);
        }
        finally
        {
            File.Delete(path);
        }
    }

    public static TheoryData<EngineKind> OnWindows => new() { EngineKind.Iocp, EngineKind.Managed };

    /// <summary>There TransmitFile takes 2,147,483,646 bytes at a time, so this goes in parts.</summary>
    [Theory]
    [MemberData(nameof(OnWindows))]
    [RxSockets.Testing.TestDeadline(240)]
    public async Task Three_gibibytes_arrive_whole_on_windows_too(EngineKind engine)
    {
        Assert.SkipUnless(OperatingSystem.IsWindows(), "Elsewhere a process of its own sends.");
        string path = Path.Combine(Path.GetTempPath(), "rxsockets-big-" + Guid.NewGuid().ToString("N"));
        byte[] block = new byte[Block], edge = new byte[Edge];
        new Random(3).NextBytes(block);
        Array.Fill(edge, (byte)'e');
        try
        {
            Write(path, block);
            await using var port = new TestPort(engine, CompletionScheduling.ThreadPool);
            (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
            using SafeFileHandle file = File.OpenHandle(path);
            peer.ReceiveTimeout = 60_000;
            long peak = 0;
            Task checking = Task.Run(() =>
            {
                Check(peer, Small, block);
                Check(peer, Length, block, () => peak = Math.Max(peak, Environment.WorkingSet));
            });
            await connection.TransmitFileAsync(file, new FileTransmitOptions { Head = edge, Tail = edge, Count = Small });
            long before = Environment.WorkingSet;
            Assert.NotEqual(0, before);
            TransmitResult result = await connection.TransmitFileAsync(file, new FileTransmitOptions { Head = edge, Tail = edge });
            await checking.WaitAsync(TimeSpan.FromSeconds(60));
            Assert.Equal(Length + (2 * Edge), result.BytesTransmitted);
            TestContext.Current.TestOutputHelper?.WriteLine($"{engine}: the memory of both sides grew by {(peak - before) >> 10} KiB");
            Assert.InRange(peak, 1, before + (32 << 20));
            await connection.DisposeAsync();
            peer.Dispose();
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void Write(string path, byte[] block)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        RandomAccess.SetLength(file, Length);
        for (long at = 0; at + Block <= Length; at += Distance)
            RandomAccess.Write(file, block, at);
    }

    private static void Check(Socket peer, long length, byte[] block, Action? afterEach = null)
    {
        byte[] buffer = new byte[1 << 20];
        Array.Fill(buffer, (byte)0);
        Edges(peer);
        for (long at = 0; at < length;)
        {
            int count = peer.Receive(buffer, 0, (int)Math.Min(buffer.Length, length - at), SocketFlags.None);
            Assert.NotEqual(0, count);
            for (int i = 0; i < count;)
                i += Piece(buffer.AsSpan(i, count - i), at + i, block);
            at += count;
            afterEach?.Invoke();
        }

        Edges(peer);
    }

    // The file is zeros with a block every so often; returns how many bytes of the span were looked at.
    private static int Piece(ReadOnlySpan<byte> bytes, long at, byte[] block)
    {
        long inPeriod = at % Distance;
        bool inBlock = inPeriod < Block && at - inPeriod + Block <= Length;
        int count = (int)Math.Min(bytes.Length, (inBlock ? Block : Distance) - inPeriod);
        bool same = inBlock ? bytes[..count].SequenceEqual(block.AsSpan((int)inPeriod, count)) : bytes[..count].IndexOfAnyExcept((byte)0) < 0;
        Assert.True(same, $"different within {count} bytes from {at} on");
        return count;
    }

    private static void Edges(Socket peer)
    {
        byte[] edge = new byte[Edge];
        for (int at = 0; at < Edge;)
        {
            int count = peer.Receive(edge, at, Edge - at, SocketFlags.None);
            Assert.NotEqual(0, count);
            at += count;
        }

        Assert.True(edge.AsSpan().IndexOfAnyExcept((byte)'e') < 0, "the edge is not the edge");
    }
}
