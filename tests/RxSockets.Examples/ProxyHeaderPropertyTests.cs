using System.Net;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Proxy;
using static RxSockets.Examples.ProxyHeaderDecoding;

namespace RxSockets.Examples;

/// <summary>Any header in any split is read as it was written; any bytes in any split give the same answer, of the documented ones, within the limit.</summary>
public class ProxyHeaderPropertyTests
{
    [Property(MaxTest = 500)]
    public void Any_split_gives_the_header_that_was_written(NonNegativeInt family, byte[] seed, ushort[] ports, byte[] tlvs, byte[] rest, PositiveInt[] cuts)
    {
        ProxyHeader header = Create((ProxyFamily)(family.Get % 5), seed, ports);
        foreach (ProxyVersion version in new[] { ProxyVersion.V1, ProxyVersion.V2 })
        {
            byte[] written = ProxyHeaderWriter.Write(header, version);
            if (version == ProxyVersion.V2)
                written = WithTlvs(written, tlvs);
            List<byte[]> pieces = Split([.. written, .. rest], Numbers(cuts));
            // Version 1 has no words for the others.
            ProxyHeader told = version == ProxyVersion.V2 || header.Source is not null ? header : ProxyHeader.Unknown;
            Assert.Equal($"{written.Length} bytes: {Describe(told)}", Decode(pieces));
            Assert.Equal(Describe(told), Now(DecodeFramesAsync(pieces)));
            // And nothing is said before the last byte is there.
            Assert.Equal("more", Decode(Split(written[..^1], Numbers(cuts))));
        }
    }

    [Property(MaxTest = 2000)]
    public void Any_bytes_give_the_same_answer_in_any_split(NonNegativeInt kept, NonNegativeInt at, byte changed, byte[] bytes, PositiveInt repeat, PositiveInt[] cuts)
    {
        byte[] noise = [.. Enumerable.Repeat(bytes, 1 + (repeat.Get % 50)).SelectMany(static all => all)];
        foreach (byte[] start in s_starts)
        {
            byte[] stream = [.. start[..(kept.Get % (start.Length + 1))], .. noise];
            if (stream.Length == 0)
                continue;
            AssertAnswer(stream, cuts);
            // A header with one byte changed.
            stream = [.. start, .. noise];
            stream[at.Get % start.Length] = changed;
            AssertAnswer(stream, cuts);
        }

        // Lines on both sides of the limit.
        AssertAnswer([.. "PROXY UNKNOWN "u8, .. Enumerable.Repeat((byte)'x', 7 * kept.Get % 200), .. "\r\n"u8, .. noise], cuts);
        AssertAnswer([.. "PROXY UNKNOWN "u8, .. Enumerable.Repeat((byte)'x', 85 + (kept.Get % 12)), .. "\r\n"u8, .. noise], cuts);
    }

    private static readonly byte[][] s_starts =
    [
        [.. "PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n"u8],
        [.. "PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n"u8],
        [.. "PROXY UNKNOWN \r\n"u8],
        ProxyHeaderWriter.Write(ProxyHeader.Tcp(IPEndPoint.Parse("203.0.113.7:4711"), IPEndPoint.Parse("192.0.2.1:443")), ProxyVersion.V2),
        ProxyHeaderWriter.Write(ProxyHeader.Unix("/a"u8, "/b"u8), ProxyVersion.V2),
        ProxyHeaderWriter.Write(ProxyHeader.Local, ProxyVersion.V2),
    ];

    private static void AssertAnswer(byte[] stream, PositiveInt[] cuts)
    {
        // Anything but InvalidDataException leaves Decode.
        string answer = Decode([stream]);
        List<byte[]> pieces = Split(stream, Numbers(cuts));
        Assert.Equal(answer, Decode(pieces));
        string framed = Now(DecodeFramesAsync(pieces));
        Assert.True(answer.EndsWith(framed, StringComparison.Ordinal), $"{answer} / {framed}");
        if (answer == "more")
            Assert.InRange(stream.Length, 1, (stream[0] == 'P' ? ProxyHeaderDecoder.MaxLineBytes : ProxyHeaderDecoder.MaxBlockBytes) - 1);
    }

    private static ProxyHeader Create(ProxyFamily family, byte[] seed, ushort[] ports)
    {
        byte[] bytes = [.. seed, .. new byte[216]];
        int from = ports.ElementAtOrDefault(0), to = ports.ElementAtOrDefault(1);
        return family switch
        {
            ProxyFamily.Tcp4 => ProxyHeader.Tcp(new IPEndPoint(new IPAddress(bytes[..4]), from), new IPEndPoint(new IPAddress(bytes[4..8]), to)),
            ProxyFamily.Tcp6 => ProxyHeader.Tcp(new IPEndPoint(new IPAddress(bytes[..16]), from), new IPEndPoint(new IPAddress(bytes[16..32]), to)),
            ProxyFamily.Unix => ProxyHeader.Unix(bytes[..108], bytes[108..216]),
            ProxyFamily.Local => ProxyHeader.Local,
            _ => ProxyHeader.Unknown,
        };
    }

    private static byte[] WithTlvs(byte[] block, byte[] tlvs)
    {
        byte[] longer = [.. block, .. tlvs];
        int length = longer.Length - 16;
        (longer[14], longer[15]) = ((byte)(length >> 8), (byte)length);
        return longer;
    }

    private static int[] Numbers(PositiveInt[] cuts) => [.. cuts.Select(static cut => cut.Get)];

    private static string Now(Task<string> task)
    {
        Assert.True(task.IsCompleted);
        return task.Result;
    }
}
