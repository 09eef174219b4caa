using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using RxSockets.Engines.IoUring;

namespace RxSockets.Conformance;

/// <summary>A file that the disk must bring does not hold up the others of its loop.</summary>
public class ColdFileTests
{
    private const int PosixFadvDontNeed = 4;

    /// <summary>RXSOCKETS_COLD_MIB=1024 for the measurement; less here, so that the suite writes little.</summary>
    private static readonly int s_mebibytes = int.TryParse(Environment.GetEnvironmentVariable("RXSOCKETS_COLD_MIB"), out int value) ? value : 192;

    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    [RxSockets.Testing.TestDeadline(240)]
    public async Task Echo_goes_on_while_an_evicted_file_is_sent(EngineKind engine, CompletionScheduling scheduling)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Evicts the file by posix_fadvise.");
        await using var port = new TestPort(engine, scheduling);
        string path = Path.Combine(Path.GetTempPath(), "rxsockets-cold-" + Guid.NewGuid().ToString("N"));
        try
        {
            Write(path);
            using SafeFileHandle file = File.OpenHandle(path, options: FileOptions.SequentialScan);
            Assert.Equal(0, posix_fadvise((int)file.DangerousGetHandle(), 0, 0, PosixFadvDontNeed));
            Assert.SkipWhen(PageCache.Holds((int)file.DangerousGetHandle(), 0, (long)s_mebibytes << 20), "This file system keeps its files in memory.");
            await using RxListener listener = port.Listen();
            Task serving = TestPort.EchoAsync(listener);
            (RxConnection connection, Socket sink) = await port.AcceptPeerAsync();
            using Socket echo = await Peers.ConnectAsync(listener.LocalEndPoint);
            Task draining = Task.Run(() => Drain(sink));
            List<double> delays = [];
            Task<TransmitResult> transmitting = connection.TransmitFileAsync(file).AsTask();
            while (!transmitting.IsCompleted)
            {
                long begun = Stopwatch.GetTimestamp();
                await echo.SendAsync("ping"u8.ToArray()).Within();
                await echo.ReceiveExactlyAsync(4);
                delays.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            }

            Assert.Equal((long)s_mebibytes << 20, (await transmitting).BytesTransmitted);
            if (engine == EngineKind.IoUring)
                Assert.True(port.Statistics.ColdTransmits > 0, "the loop read a cold file");
            delays.Sort();
            double p99 = delays[delays.Count * 99 / 100];
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"{engine} {scheduling}: {s_mebibytes} MiB evicted, {delays.Count} echoes, p50 {delays[delays.Count / 2]:0.00} ms, p99 {p99:0.00} ms, longest {delays[^1]:0.00} ms, {port.Statistics.ColdTransmits} times by a worker");
            Assert.InRange(p99, 0, 1000);
            await connection.DisposeAsync();
            await draining.Within();
            sink.Dispose();
            echo.Dispose();
            await listener.DisposeAsync();
            await serving.Within();
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void Write(string path)
    {
        byte[] block = new byte[1 << 20];
        using SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        for (long i = 0; i < s_mebibytes; i++)
        {
            Random.Shared.NextBytes(block);
            RandomAccess.Write(file, block, i << 20);
        }

        // Dirty pages cannot be evicted.
        RandomAccess.FlushToDisk(file);
    }

    private static void Drain(Socket sink)
    {
        byte[] buffer = new byte[1 << 20];
        while (sink.Receive(buffer) > 0)
        {
        }
    }

    [DllImport("libc")]
    private static extern int posix_fadvise(int fd, long offset, long length, int advice);
}
