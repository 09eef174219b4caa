// Made from 3-files-and-packets.ipynb by the notebooks' runner (update); change it there. Run it: dotnet run 3-files-and-packets.cs
#:project Support

using Microsoft.DotNet.Interactive;
using Microsoft.Win32.SafeHandles;
using RxSockets;
using System.Collections;
using System.Diagnostics;
using System.IO;
using System.Net.Sockets;
using System.Net;
using System.Reactive.Linq;
using System.Reactive.Threading.Tasks;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using static Microsoft.DotNet.Interactive.Kernel;

// # 3. TransmitFile and TransmitPackets
//
// A file between a head and a tail is the commonest thing a server sends. Winsock has one call for it, `TransmitFile`, and one for any sequence of memory and file ranges, `TransmitPackets`. RxSockets has both on every engine.
// Two things are to be seen here: what it saves not to carry a file through the program's memory, and what leaves on the wire when a message of many parts is given away in one call.

// Two ends of one connection, and files of a given size. A file that is sent from its beginning to its end is best opened with `SequentialScan`.

CompletionPort inline = CompletionPort.Create(new CompletionPortOptions { Scheduling = CompletionScheduling.Inline });
Console.WriteLine($"engine {CompletionPort.Shared.Engine}: {CompletionPort.Shared.EngineReason}");
string folder = Directory.CreateTempSubdirectory("transmit").FullName;

async Task<(RxConnection From, RxConnection To)> PairAsync(CompletionPort near = null)
{
    await using RxListener listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { CompletionPort = near });
    RxConnection to = await RxConnection.ConnectAsync(listener.LocalEndPoint);
    return (await listener.AcceptAsync(), to);
}

SafeFileHandle FileOf(byte[] bytes)
{
    string path = Path.Combine(folder, $"{bytes.Length}-{Guid.NewGuid():N}");
    File.WriteAllBytes(path, bytes);
    return File.OpenHandle(path, options: FileOptions.SequentialScan);
}

// ## Head, file and tail in one call
//
// One call, one count, and the receiver has all of it with its first receive. `Transmitted` is the stream of everything that a connection has sent, as it ends.

(RxConnection sender, RxConnection receiver) = await PairAsync();
using (SafeFileHandle page = FileOf(Encoding.UTF8.GetBytes("what is in the file")))
{
    Task<TransmitCompletion> told = sender.Transmitted.FirstAsync().ToTask();
    TransmitResult result = await sender.TransmitFileAsync(
        page, new FileTransmitOptions { Head = Encoding.UTF8.GetBytes("head, "), Tail = Encoding.UTF8.GetBytes(", tail") });
    Console.WriteLine($"sent by one call:      {result.BytesTransmitted} bytes");

    TransmitCompletion completion = await told;
    Console.WriteLine($"told by Transmitted:   {completion.Kind}, {completion.BytesTransmitted} bytes, {completion.Error}");

    byte[] buffer = new byte[256];
    int count = await receiver.ReceiveAsync(buffer);
    Console.WriteLine($"got by one receive:    '{Encoding.UTF8.GetString(buffer, 0, count)}'");
}

await sender.DisposeAsync();
await receiver.DisposeAsync();

// ## Throughput against the size of the file
//
// The same file again and again over one connection, for a moment: by `TransmitFileAsync`, in both schedulings, and by reading it into a buffer and sending that. The receiver is a plain socket on a thread of its own.
// On Linux it lets the kernel drop what came (`MSG_TRUNC`), so that nearly all that is measured is the sending; elsewhere it receives. Beside the throughput stands the processor time of the whole process.

byte[] piece = new byte[64 * 1024];

async Task ReadAndSendAsync(RxConnection to, SafeFileHandle file)
{
    for (long offset = 0, length = RandomAccess.GetLength(file); offset < length;)
    {
        int count = await RandomAccess.ReadAsync(file, piece, offset);
        await to.SendAsync(piece.AsMemory(0, count));
        offset += count;
    }
}

async Task TransmitAsync(RxConnection to, SafeFileHandle file) => await to.TransmitFileAsync(file);

async Task<Window> MeasureAsync(Way way, SafeFileHandle file)
{
    await using RxListener listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { CompletionPort = way.Port });
    using var to = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    to.Connect(listener.LocalEndPoint);
    await using RxConnection from = await listener.AcceptAsync();
    Task<long> reading = Task.Factory.StartNew(() => Drain(to), TaskCreationOptions.LongRunning);

    TimeSpan before = Environment.CpuUsage.TotalTime;
    var clock = Stopwatch.StartNew();
    while (clock.ElapsedMilliseconds < 60)
        await way.Send(from, file);
    await from.CompleteWritesAsync();
    double gigabytes = await reading / 1e9;
    return new Window(1000 * gigabytes / clock.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - before).TotalSeconds / gigabytes);
}

[DllImport("libc")]
static extern nint recv(int socket, nint buffer, nint length, int flags);

static long Drain(Socket socket)
{
    const int Truncate = 0x20;
    byte[] buffer = new byte[1 << 20];
    long count = 0, received;
    do
    {
        received = OperatingSystem.IsLinux() ? recv((int)socket.Handle, 0, buffer.Length, Truncate) : socket.Receive(buffer);
        count += received;
    }
    while (received > 0);
    return received == 0 ? count : throw new InvalidOperationException("the receiver failed");
}

// The ways take turns, so that what else the machine does meets them all. The median of the windows counts; the first round only warms up.

Way[] ways =
[
    new("TransmitFileAsync, inline", inline, TransmitAsync, ScottPlot.MarkerShape.FilledCircle),
    new("TransmitFileAsync, thread pool", CompletionPort.Shared, TransmitAsync, ScottPlot.MarkerShape.FilledDiamond),
    new("read and send, thread pool", CompletionPort.Shared, ReadAndSendAsync, ScottPlot.MarkerShape.FilledSquare),
];
int[] sizes = Enumerable.Range(0, 7).Select(n => 4096 << (2 * n)).ToArray();
ILookup<(Way Way, int Size), Window> windows;
{
    var measured = new List<((Way, int) Key, Window Window)>();
    for (int round = 0; round < 6; round++)
    {
        foreach (int size in sizes)
        {
            using SafeFileHandle file = FileOf(new byte[size]);
            foreach (Way way in ways)
            {
                Window window = await MeasureAsync(way, file);
                if (round > 0)
                    measured.Add(((way, size), window));
            }
        }
    }

    windows = measured.ToLookup(one => one.Key, one => one.Window);
}

static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);
static string SizeOf(int bytes) => bytes < 1 << 20 ? $"{bytes >> 10} KiB" : $"{bytes >> 20} MiB";
Console.WriteLine($"{sizes.Length} sizes, {ways.Length} ways, {windows.Sum(one => one.Count())} windows of 60 ms");

double[] places = Enumerable.Range(0, sizes.Length).Select(n => (double)n).ToArray();
void Draw(string title, string unit, Func<Window, double> measure)
{
    // A logarithmic axis: what differs by the same factor lies the same way apart.
    double Value(Window window) => Math.Log10(measure(window));
    var plot = new ScottPlot.Plot();
    foreach (Way way in ways)
    {
        var line = plot.Add.Scatter(places, sizes.Select(size => Median(windows[(way, size)].Select(Value))).ToArray());
        line.LegendText = way.Name;
        line.LineWidth = 2;
        line.MarkerSize = 8;
        line.MarkerShape = way.Shape;
        for (int i = 0; i < sizes.Length; i++)
        {
            // From the least to the most that a window gave; beside each other, to be told apart.
            double place = i + 0.06 * (Array.IndexOf(ways, way) - 1);
            var range = plot.Add.Line(place, windows[(way, sizes[i])].Min(Value), place, windows[(way, sizes[i])].Max(Value));
            range.Color = line.Color.WithAlpha(0.35);
            range.LineWidth = 4;
        }
    }

    double[] ticks = Enumerable.Range(-3, 10).SelectMany(power => new[] { 1, 2, 5 }.Select(digit => digit * Math.Pow(10, power))).ToArray();
    plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericManual(ticks.Select(Math.Log10).ToArray(), ticks.Select(tick => $"{tick:0.###}").ToArray());
    plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(places, sizes.Select(SizeOf).ToArray());
    plot.Axes.SetLimitsY(windows.Min(one => one.Min(Value)) - 0.1, windows.Max(one => one.Max(Value)) + 0.1);
    plot.Title(title);
    plot.XLabel("size of the file, the whole of it per call");
    plot.YLabel(unit);
    plot.ShowLegend(ScottPlot.Edge.Bottom);
    Convert.ToBase64String(plot.GetImageBytes(760, 460, ScottPlot.ImageFormat.Png)).DisplayAs("image/png");
}

Draw("Throughput of one connection over loopback", "throughput (MB/s)", window => window.MegabytesPerSecond);
Draw("Processor time", "CPU seconds per GB", window => window.CpuPerGigabyte);

// Both axes of measure are logarithmic. Look at the left first: a small file costs the call, whatever its bytes. A transmit is done by the loop's thread: a handler that runs there (inline) just begins it, one on the thread pool has to hand it over and be told of its end.
// Then at the right, the inline line beside that of reading: where the bytes count, reading and sending copies each of them into the program and out again, and pays for that with processor time for every byte; `TransmitFileAsync` passes pages of the page cache to the socket. With the managed engine, which reads and sends too, the lines meet.
// The throughput of one connection differs less than its cost, and the ranges say how much of it is the machine's mood: what is saved is processor time, for other connections to use.
//
// The receiver here takes nothing. One that does copies the file's pages, where it would find bytes that were just copied in the nearest cache; over loopback this can eat up what the sender saved. Replace `recv` by `socket.Receive(buffer)` to see it.
//
// ## Segments on the wire
//
// A TCP segment is what the network carries, and what the receiver is woken for. How many came is known to the receiver's kernel: on Linux `TCP_INFO` counts those with data. Elsewhere, here, the receives are counted instead.
// What is counted is an answer: the receiver asks by a byte, and a handler at the other end sends, as a server does.

[DllImport("libc")]
static extern int getsockopt(int socket, int level, int option, byte[] value, ref int length);

static int SegmentsIn(RxConnection connection)
{
    const int Tcp = 6, TcpInfo = 11, DataSegmentsIn = 152;
    byte[] info = new byte[256];
    int length = info.Length;
    if (getsockopt((int)connection.SafeHandle.DangerousGetHandle(), Tcp, TcpInfo, info, ref length) != 0 || length < DataSegmentsIn + 4)
        throw new InvalidOperationException("no count of segments in this kernel's TCP_INFO");
    return BitConverter.ToInt32(info, DataSegmentsIn);
}

static async Task AnswerAsync(RxConnection connection, Func<RxConnection, Task> send)
{
    await foreach (ReceivedSegment question in connection.ReceiveAllAsync())
    {
        await send(connection);
        break;
    }
}

async Task<int> SegmentsAsync(int bytes, Func<RxConnection, Task> send, CompletionPort near = null)
{
    (RxConnection from, RxConnection to) = await PairAsync(near);
    byte[] buffer = new byte[64 * 1024];
    int receives = 0;
    Task answering = AnswerAsync(from, send);
    await to.SendAsync(buffer.AsMemory(0, 1));
    for (int left = bytes; left > 0; receives++)
        left -= await to.ReceiveAsync(buffer);
    await answering;
    int segments = OperatingSystem.IsLinux() ? SegmentsIn(to) : receives;
    await from.DisposeAsync();
    await to.DisposeAsync();
    return segments;
}

// A message of three parts: 512 bytes, a file of 4 KiB, 512 bytes. Sent part by part each part is a segment of its own (Nagle's algorithm is off, `NoDelay` is the default: else the second would wait for the peer's acknowledgement).
// As one call they leave together. Where the parts are meant to leave apart, `EndOfPacket` with `SendSizePerPacket` says so.

byte[] head = new byte[512], tail = new byte[512];
int message = head.Length + 4096 + tail.Length;
using (SafeFileHandle file = FileOf(new byte[4096]))
{
    int apart = await SegmentsAsync(message, async to =>
    {
        await to.SendAsync(head);
        await to.TransmitFileAsync(file);
        await to.SendAsync(tail);
    });
    int asFile = await SegmentsAsync(message, async to =>
        await to.TransmitFileAsync(file, new FileTransmitOptions { Head = head, Tail = tail }));
    int asPackets = await SegmentsAsync(message, async to =>
        await to.TransmitPacketsAsync(new[] { TransmitPacket.FromMemory(head), TransmitPacket.FromFile(file), TransmitPacket.FromMemory(tail) }));
    int ended = await SegmentsAsync(message, async to =>
        await to.TransmitPacketsAsync(
            new[] { TransmitPacket.FromMemory(head, endOfPacket: true), TransmitPacket.FromFile(file, endOfPacket: true), TransmitPacket.FromMemory(tail) },
            TransmitPacket.SendSizePerPacket));
    Console.WriteLine($"three calls                          {apart} segments");
    Console.WriteLine($"TransmitFile with head and tail      {asFile}");
    Console.WriteLine($"TransmitPackets                      {asPackets}");
    Console.WriteLine($"TransmitPackets, each ends a packet  {ended}");
}

// ## With and without coalescing
//
// Now 1 to 32 small pieces, in three ways: each sent when the one before has ended; all sent at once without waiting, in a handler that runs inline, on the loop's thread; all as one `TransmitPackets`.

int[] counts = [1, 2, 4, 8, 12, 16, 20, 24, 28, 32];
byte[] small = new byte[256];
var one = new List<double>();
var queued = new List<double>();
var together = new List<double>();
async Task<double> MedianAsync(int count, Func<RxConnection, Task> send, CompletionPort near = null)
{
    var runs = new List<double>();
    for (int run = 0; run < 5; run++)
        runs.Add(await SegmentsAsync(count * small.Length, send, near));
    return Median(runs);
}

foreach (int count in counts)
{
    one.Add(await MedianAsync(count, async to =>
    {
        for (int i = 0; i < count; i++)
            await to.SendAsync(small);
    }));
    queued.Add(await MedianAsync(count, to => Task.WhenAll(Enumerable.Range(0, count).Select(_ => to.SendAsync(small).AsTask()).ToArray()), inline));
    together.Add(await MedianAsync(count, async to => await to.TransmitPacketsAsync(Enumerable.Repeat(TransmitPacket.FromMemory(small), count).ToArray())));
}

Console.WriteLine($"32 pieces in one call are {together[^1]} segment{(together[^1] == 1 ? "" : "s")}");

var wire = new ScottPlot.Plot();
void Line(string name, List<double> segments, ScottPlot.MarkerShape shape)
{
    var line = wire.Add.Scatter(counts.Select(count => (double)count).ToArray(), segments.ToArray());
    line.LegendText = name;
    line.LineWidth = 2;
    line.MarkerSize = 8;
    line.MarkerShape = shape;
}

Line("one SendAsync after the other", one, ScottPlot.MarkerShape.FilledCircle);
Line("SendAsync, all at once, inline", queued, ScottPlot.MarkerShape.FilledDiamond);
Line("one TransmitPacketsAsync", together, ScottPlot.MarkerShape.FilledSquare);
wire.Axes.SetLimits(0, 33, 0, 35);
wire.Title("Pieces of 256 bytes: segments that reached the receiver");
wire.XLabel("pieces");
wire.YLabel("segments with data");
wire.ShowLegend(ScottPlot.Alignment.UpperLeft);
Convert.ToBase64String(wire.GetImageBytes(760, 400, ScottPlot.ImageFormat.Png)).DisplayAs("image/png");

// The first line is the diagonal: a segment for each. The last lies on the floor, however many pieces there are. What is between comes from the library alone: sends that queue up behind one in flight leave as one.
// On a loop over io_uring the first send is in flight until the loop next enters the kernel, so the others leave together behind it. Its line then lies under the last. Elsewhere the socket may take each send at once, nothing is in flight, and nothing queues: the line lies on the diagonal then.
// Who knows that pieces belong together says it, by a sequence, `TransmitPackets` or `TransmitFile`, and does not depend on it.

await inline.DisposeAsync();
Directory.Delete(folder, recursive: true);
display("the files are deleted");

record Way(string Name, CompletionPort Port, Func<RxConnection, SafeFileHandle, Task> Send, ScottPlot.MarkerShape Shape);

record Window(double MegabytesPerSecond, double CpuPerGigabyte);
