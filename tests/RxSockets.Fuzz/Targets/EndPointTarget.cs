using System.Net;
using System.Net.Sockets;
using System.Text;
using Examples;

namespace RxSockets.Fuzz.Targets;

/// <summary>An endpoint as text, as all examples take it: an endpoint or an error, never both, of the documented forms only, and the same when it is written again.</summary>
internal static class EndPointTarget
{
    public static void Run(ReadOnlySpan<byte> data)
    {
        // An argument is text without zeros.
        string text = Encoding.UTF8.GetString(data).Replace('\0', '0');
        // Where the framework has no endpoint for Unix paths (Wine) the constructor says so, whatever the path.
        if (text.StartsWith("unix:", StringComparison.Ordinal) && !Socket.OSSupportsUnixDomainSockets)
            return;
        bool parsed = CommonOptions.TryParse(text, out EndPoint? endPoint, out string? error);
        FindingException.Unless(parsed ? endPoint is not null && error is null : endPoint is null && !string.IsNullOrEmpty(error), $"'{text}': {endPoint}, {error}");
        switch (endPoint)
        {
            case UnixDomainSocketEndPoint unix:
                FindingException.UnlessEqual(text, $"unix:{unix}", "the path");
                break;
            case IPEndPoint ip:
                MustHaveForm(text, ip);
                FindingException.Unless(CommonOptions.TryParse(ip.ToString(), out EndPoint? again, out _), $"'{text}' is written as '{ip}', which is none");
                FindingException.UnlessEqual(endPoint, again, $"'{text}' written again");
                break;
        }
    }

    private static void MustHaveForm(string text, IPEndPoint ip)
    {
        int colon = text.LastIndexOf(':');
        string host = text[..colon], port = text[(colon + 1)..];
        FindingException.Unless(port.All(char.IsAsciiDigit) && int.Parse(port, System.Globalization.CultureInfo.InvariantCulture) == ip.Port, $"'{text}' has port {ip.Port}");
        bool is6 = ip.AddressFamily == AddressFamily.InterNetworkV6;
        FindingException.Unless(
            is6 ? host.Length > 2 && host[0] == '[' && host[^1] == ']' && !host[1..^1].AsSpan().ContainsAny('[', ']') : !host.AsSpan().ContainsAny('[', ']', ':'),
            $"'{text}' is taken for {ip}");
    }
}
