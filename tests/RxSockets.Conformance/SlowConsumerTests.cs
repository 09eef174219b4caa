using System.Globalization;
using System.Net;
using System.Net.Sockets;
using RxSockets.Engines;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>A consumer of one item a second against a sender that sends all it can, for half a minute: TCP stops the sender, and no memory grows.</summary>
public class SlowConsumerTests
{
    private const int Seconds = 30;

    public static TheoryData<EngineKind> Engines => new() { EngineKind.IoUring, EngineKind.Managed };

    [Theory]
    [TestDeadline(120)]
    [MemberData(nameof(Engines))]
    public async Task Memory_is_flat_and_the_sender_is_stopped(EngineKind engine)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads the consumer's resident memory from /proc.");
        if (EngineSelector.WhyNot(engine) is { } reason)
            Assert.Skip($"{engine} cannot run here: {reason}");
        await Task.WhenAll(RunAsync(engine, "pushed"), RunAsync(engine, "bridged"));
    }

    private static async Task RunAsync(EngineKind engine, string form)
    {
        using var child = new ChildProcess("slow", engine.ToString(), form, Seconds.ToString(CultureInfo.InvariantCulture));
        int port = (int)(await child.ReadNumbersAsync())[0];
        using var sender = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await sender.ConnectAsync(IPAddress.Loopback, port).Within();
        long sent = 0;
        Task sending = Task.Run(async () =>
        {
            byte[] block = new byte[65536];
            try
            {
                while (true)
                    Interlocked.Add(ref sent, await sender.SendAsync(block));
            }
            catch (SocketException)
            {
                // The consumer is done.
            }
        });
        long[] figures = await child.ReadNumbersAsync(TimeSpan.FromSeconds(90));
        long left = Interlocked.Read(ref sent);
        await child.EndedAsync();
        await sending.Within();

        TestContext.Current.TestOutputHelper?.WriteLine($"{engine}, {form}: resident memory grew by {figures[1]} KiB, {left >> 10} KiB were sent");
        Assert.Equal(Seconds, figures[0]);
        // 0.3 to 2.5 MiB were seen, of the runtime's own; a queue without a bound takes what can be sent in that time, gigabytes.
        Assert.InRange(figures[1], long.MinValue, 6 << 10);
        // What was consumed, what the library may hold, and the kernel's buffers on both sides: far from what a sender can send in half a minute.
        Assert.InRange(left, 1, 32 << 20);
    }
}
