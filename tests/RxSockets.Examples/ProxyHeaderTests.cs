using System.Net;
using System.Text;
using Proxy;
using static RxSockets.Examples.ProxyHeaderDecoding;

namespace RxSockets.Examples;

/// <summary>The parser of PROXY headers, case by case of the specification.</summary>
public class ProxyHeaderTests
{
    private const string Signature = "\r\n\r\n\0\r\nQUIT\n";

    [Theory]
    [InlineData("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\nrest", "44 bytes: Tcp4 255.255.255.255:65535 to 0.0.0.0:0")]
    [InlineData("PROXY TCP6 2001:db8::1 ::ffff:192.0.2.1 1 2\r\n", "45 bytes: Tcp6 [2001:db8::1]:1 to [::ffff:192.0.2.1]:2")]
    [InlineData("PROXY TCP6 FFFF:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", "104 bytes: Tcp6 [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 to [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535")]
    [InlineData("PROXY UNKNOWN\r\n", "15 bytes: Unknown ")]
    [InlineData("PROXY UNKNOWN any\rthing  \r\nrest", "27 bytes: Unknown ")]
    public void Lines_that_are_well_formed(string said, string expected) => Assert.Equal(expected, Decode(said));

    [Theory]
    [InlineData("HELO", 0)]
    [InlineData("proxy TCP4", 0)]
    [InlineData("\r\nPROXY", 2)]
    [InlineData("PROXY\tTCP4", 5)]
    [InlineData("\r\n\r\n\0\r\nQUIT\r", 11)]
    public void What_is_no_header_is_refused_at_the_first_byte_that_says_so(string said, int at)
    {
        Assert.Equal("The stream does not begin with a PROXY header.", Decode(said));
        Assert.Equal("The stream does not begin with a PROXY header.", Decode(said[..(at + 1)]));
        if (at > 0)
            Assert.Equal("more", Decode(said[..at]));
    }

    [Theory]
    [InlineData("PROXY TCP5 1.2.3.4 1.2.3.4 1 2", "its protocol is not TCP4, TCP6 or UNKNOWN")]
    [InlineData("PROXY unknown", "its protocol is not TCP4, TCP6 or UNKNOWN")]
    [InlineData("PROXY ", "its protocol is not TCP4, TCP6 or UNKNOWN")]
    [InlineData("PROXY  TCP4 1.2.3.4 1.2.3.4 1 2", "its protocol is not TCP4, TCP6 or UNKNOWN")]
    [InlineData("PROXY TCP4", "its line is not made of two addresses and two ports, one space before each")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1", "its line is not made of two addresses and two ports, one space before each")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 ", "its line is not made of two addresses and two ports, one space before each")]
    [InlineData("PROXY TCP4 1.2.3.4  1.2.3.4 1 2", "its line is not made of two addresses and two ports, one space before each")]
    [InlineData("PROXY TCP4 1.2.3 1.2.3.4 1 2", "its source is no IPv4 address")]
    [InlineData("PROXY TCP4 01.2.3.4 1.2.3.4 1 2", "its source is no IPv4 address")]
    [InlineData("PROXY TCP4 0x7f.0.0.1 1.2.3.4 1 2", "its source is no IPv4 address")]
    [InlineData("PROXY TCP4 1.2.3.256 1.2.3.4 1 2", "its source is no IPv4 address")]
    [InlineData("PROXY TCP4 ::1 ::1 1 2", "its source is no IPv4 address")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4\0 1 2", "its destination is no IPv4 address")]
    [InlineData("PROXY TCP6 1.2.3.4 1.2.3.4 1 2", "its source is no IPv6 address")]
    [InlineData("PROXY TCP6 ::1 [::1] 1 2", "its destination is no IPv6 address")]
    [InlineData("PROXY TCP6 ::1 ::1%1 1 2", "its destination is no IPv6 address")]
    [InlineData("PROXY TCP6 ::1 ::1/64 1 2", "its destination is no IPv6 address")]
    [InlineData("PROXY TCP6 ::1 1::2::3 1 2", "its destination is no IPv6 address")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2", "its source port is no number from 0 to 65535")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 -1 2", "its source port is no number from 0 to 65535")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1 02", "its destination port is no number from 0 to 65535")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1 +2", "its destination port is no number from 0 to 65535")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\0", "its destination port is no number from 0 to 65535")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1 ", "its destination port is no number from 0 to 65535")]
    public void Lines_that_are_malformed(string line, string why) => Assert.Equal($"The PROXY header is malformed: {why}.", Decode(line + "\r\n"));

    [Fact]
    public void A_line_ends_in_CR_LF_within_107_bytes()
    {
        Assert.Equal("The PROXY header is malformed: its line does not end in CR LF.", Decode("PROXY UNKNOWN\n"));
        string longest = "PROXY UNKNOWN " + new string('x', 91) + "\r\n";
        Assert.Equal(107, longest.Length);
        Assert.Equal("107 bytes: Unknown ", Decode(longest));
        Assert.Equal("The PROXY header is malformed: its line is longer than 107 bytes.", Decode(longest.Insert(20, "x")));
        Assert.Equal("more", Decode(longest[..106]));
        Assert.Equal("The PROXY header is malformed: its line is longer than 107 bytes.", Decode(longest[..105] + "xx"));
    }

    [Fact]
    public void Blocks_that_are_well_formed()
    {
        Assert.Equal("28 bytes: Tcp4 1.2.3.4:258 to 5.6.7.8:772", Decode(Signature + "!\u0011\0\u000c\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u0001\u0002\u0003\u0004rest"));
        Assert.Equal(
            "52 bytes: Tcp6 [::1]:1 to [::2]:2", Decode(Signature + "!!\0$" + new string('\0', 15) + "\u0001" + new string('\0', 15) + "\u0002\0\u0001\0\u0002"));
        string unix = Decode(Signature + "!1\0\u00d8" + "/a\n".PadRight(108, '\0') + "\0b".PadRight(108, '\0'));
        Assert.StartsWith("232 bytes: Unix unix:/a? to unix:@b", unix, StringComparison.Ordinal);
        // TLVs are skipped.
        Assert.Equal("33 bytes: Tcp4 0.0.0.0:0 to 0.0.0.0:0", Decode(Signature + "!\u0011\0\u0011" + new string('\0', 12) + "\u0001\0\u0002h2rest"));
        // LOCAL: the rest is ignored, but for its length, and be it nonsense.
        Assert.Equal("18 bytes: Local ", Decode(Signature + " \u00ff\0\u0002xxrest"));
        // UNSPEC, and the datagrams that a receiver may take for it.
        foreach (string family in new[] { "\0", "\u0010", "\u0012", "\u0022", "\u0030", "\u0032" })
            Assert.Equal("19 bytes: Unknown ", Decode(Signature + "!" + family + "\0\u0003xxxrest"));
    }

    [Theory]
    [InlineData("\u0011\u0011\0\0", "its version is 1, not 2")]
    [InlineData("1\u0011\0\0", "its version is 3, not 2")]
    [InlineData("\"\u0011\0\0", "its command is 2, neither LOCAL nor PROXY")]
    [InlineData("!A\0\0", "its family is 0x41, which is none")]
    [InlineData("!\u0013\0\0", "its family is 0x13, which is none")]
    [InlineData("!\u0011\0\u000bxxxxxxxxxxx", "its addresses are 11 bytes, fewer than 12")]
    [InlineData("!!\0\u0001x", "its addresses are 1 bytes, fewer than 36")]
    [InlineData("!1\0\0", "its addresses are 0 bytes, fewer than 216")]
    [InlineData("!\u0011\u000f\u00f1", "it is 4097 bytes long, and at most 4096 are taken")]
    public void Blocks_that_are_malformed(string block, string why) => Assert.Equal($"The PROXY header is malformed: {why}.", Decode(Signature + block));

    [Fact]
    public void The_longest_block_is_taken()
    {
        string block = Signature + "!\u0011\u000f\u00f0" + new string('\0', 4080);
        Assert.Equal("4096 bytes: Tcp4 0.0.0.0:0 to 0.0.0.0:0", Decode(block));
        Assert.Equal("more", Decode(block[..^1]));
    }

    [Fact]
    public void Addresses_of_two_families_are_told_in_one()
    {
        Assert.Equal("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", Line("[::ffff:1.2.3.4]:1", "[::ffff:5.6.7.8]:2"));
        Assert.Equal("PROXY TCP6 ::ffff:1.2.3.4 ::1 1 2\r\n", Line("1.2.3.4:1", "[::1]:2"));
        Assert.Equal("PROXY TCP6 fe80::1 fe80::2 1 2\r\n", Line("[fe80::1%3]:1", "[fe80::2%3]:2"));
    }

    private static string Line(string source, string destination) =>
        Encoding.ASCII.GetString(ProxyHeaderWriter.Write(ProxyHeader.Of(IPEndPoint.Parse(source), IPEndPoint.Parse(destination)), ProxyVersion.V1));
}
