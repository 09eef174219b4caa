using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;

namespace RxSockets.Benchmarks.Micro;

/// <summary>
/// Framing of 1 GiB from memory: the operators against the loop over a PipeReader that .NET's documentation teaches, and against looking at one byte after the
/// other in an async stream of bytes (64 MiB of it: it is that slow). Time and allocations are per mebibyte.
/// </summary>
[MemoryDiagnoser]
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByCategory)]
[CategoriesColumn]
public class FramingBenchmarks
{
    private const int Mebibytes = 1024;
    private const int SlowMebibytes = 64;

    private readonly FramedBytes _lines = FramedBytes.Lines(Mebibytes);
    private readonly FramedBytes _prefixed = FramedBytes.Prefixed(Mebibytes);
    private readonly FramedBytes _slowLines = FramedBytes.Lines(SlowMebibytes);
    private readonly FramedBytes _slowPrefixed = FramedBytes.Prefixed(SlowMebibytes);
    private ReadOnlySequence<byte> _linesSequence;
    private ReadOnlySequence<byte> _prefixedSequence;

    /// <summary>The chains of pieces are made before the clock runs.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _linesSequence = _lines.ToSequence();
        _prefixedSequence = _prefixed.ToSequence();
    }

    [Benchmark(Baseline = true, Description = "PipeReader", OperationsPerInvoke = Mebibytes), BenchmarkCategory("Lines as text")]
    public Task PipeReaderText() => ReadPipeLinesAsync(_lines, _linesSequence, static line => Encoding.UTF8.GetString(line).Length);

    [Benchmark(Description = "Lines()", OperationsPerInvoke = Mebibytes), BenchmarkCategory("Lines as text")]
    public async Task Lines()
    {
        long count = 0;
        await foreach (string line in _lines.SegmentsAsync().Lines())
            count++;
        Expect(_lines, count);
    }

    [Benchmark(Description = "byte at a time", OperationsPerInvoke = SlowMebibytes), BenchmarkCategory("Lines as text")]
    public async Task BytewiseText()
    {
        long count = 0;
        var line = new StringBuilder();
        await foreach (byte value in BytesAsync(_slowLines))
        {
            if (value != '\n')
            {
                line.Append((char)value);
                continue;
            }

            count += line.ToString().Length > 0 ? 1 : 0;
            line.Clear();
        }

        Expect(_slowLines, count);
    }

    [Benchmark(Baseline = true, Description = "PipeReader", OperationsPerInvoke = Mebibytes), BenchmarkCategory("Lines as bytes")]
    public Task PipeReaderBytes() => ReadPipeLinesAsync(_lines, _linesSequence, static line => line.Length);

    [Benchmark(Description = "Delimited()", OperationsPerInvoke = Mebibytes), BenchmarkCategory("Lines as bytes")]
    public async Task Delimited()
    {
        long count = 0;
        await foreach (ReadOnlySequence<byte> line in _lines.SegmentsAsync().Delimited("\n"u8))
            count++;
        Expect(_lines, count);
    }

    [Benchmark(Baseline = true, Description = "PipeReader", OperationsPerInvoke = Mebibytes), BenchmarkCategory("Length-prefixed")]
    public async Task PipeReaderPrefixed()
    {
        PipeReader reader = PipeReader.Create(_prefixedSequence);
        long count = 0;
        while (true)
        {
            ReadResult result = await reader.ReadAsync();
            ReadOnlySequence<byte> buffer = result.Buffer;
            while (TryReadPrefixed(ref buffer, out _))
                count++;
            reader.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
                break;
        }

        await reader.CompleteAsync();
        Expect(_prefixed, count);
    }

    [Benchmark(Description = "LengthPrefixed()", OperationsPerInvoke = Mebibytes), BenchmarkCategory("Length-prefixed")]
    public async Task LengthPrefixed()
    {
        long count = 0;
        await foreach (ReadOnlySequence<byte> frame in _prefixed.SegmentsAsync().LengthPrefixed())
            count++;
        Expect(_prefixed, count);
    }

    [Benchmark(Description = "byte at a time", OperationsPerInvoke = SlowMebibytes), BenchmarkCategory("Length-prefixed")]
    public async Task BytewisePrefixed()
    {
        long count = 0;
        var frame = new List<byte>();
        await foreach (byte value in BytesAsync(_slowPrefixed))
        {
            frame.Add(value);
            if (frame.Count < 4 || frame.Count < 4 + BinaryPrimitives.ReadInt32BigEndian([frame[0], frame[1], frame[2], frame[3]]))
                continue;
            count++;
            frame.Clear();
        }

        Expect(_slowPrefixed, count);
    }

    private static async Task ReadPipeLinesAsync(FramedBytes bytes, ReadOnlySequence<byte> sequence, Func<ReadOnlySequence<byte>, long> use)
    {
        PipeReader reader = PipeReader.Create(sequence);
        long count = 0;
        while (true)
        {
            ReadResult result = await reader.ReadAsync();
            ReadOnlySequence<byte> buffer = result.Buffer;
            while (TryReadLine(ref buffer, out ReadOnlySequence<byte> line))
            {
                if (use(line) >= 0)
                    count++;
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
                break;
        }

        await reader.CompleteAsync();
        Expect(bytes, count);
    }

    // As in "System.IO.Pipelines in .NET", section "Read text".
    private static bool TryReadLine(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> line)
    {
        SequencePosition? position = buffer.PositionOf((byte)'\n');
        if (position == null)
        {
            line = default;
            return false;
        }

        line = buffer.Slice(0, position.Value);
        buffer = buffer.Slice(buffer.GetPosition(1, position.Value));
        return true;
    }

    private static bool TryReadPrefixed(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> frame)
    {
        frame = default;
        var reader = new SequenceReader<byte>(buffer);
        if (!reader.TryReadBigEndian(out int length) || reader.Remaining < length)
            return false;
        frame = buffer.Slice(reader.Position, length);
        buffer = buffer.Slice(frame.End);
        return true;
    }

    private static async IAsyncEnumerable<byte> BytesAsync(FramedBytes bytes)
    {
        await foreach (ReceivedSegment segment in bytes.SegmentsAsync())
        {
            for (int i = 0; i < segment.Length; i++)
                yield return segment.Memory.Span[i];
        }
    }

    // A benchmark that lost frames is no benchmark.
    private static void Expect(FramedBytes bytes, long count)
    {
        if (count != bytes.Frames)
            throw new InvalidOperationException($"{count} frames were found, {bytes.Frames} are there.");
    }
}
