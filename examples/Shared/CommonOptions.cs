using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using RxSockets;

namespace Examples;

/// <summary>The options that the examples share, and how their values are read.</summary>
internal static class CommonOptions
{
    public static Option<EngineKind> Engine() => new("--engine")
    {
        Description = "auto, iouring, managed or iocp",
        DefaultValueFactory = static _ => EngineKind.Auto,
        CustomParser = static result => result.Tokens[0].Value.ToLowerInvariant() switch
        {
            "auto" => EngineKind.Auto,
            "iouring" => EngineKind.IoUring,
            "managed" => EngineKind.Managed,
            "iocp" => EngineKind.Iocp,
            string other => Fail<EngineKind>(result, $"--engine is auto, iouring, managed or iocp, not '{other}'."),
        },
    };

    public static Option<CompletionScheduling> Scheduling() => new("--scheduling")
    {
        Description = "pool or inline",
        DefaultValueFactory = static _ => CompletionScheduling.ThreadPool,
        CustomParser = static result => result.Tokens[0].Value.ToLowerInvariant() switch
        {
            "pool" => CompletionScheduling.ThreadPool,
            "inline" => CompletionScheduling.Inline,
            string other => Fail<CompletionScheduling>(result, $"--scheduling is pool or inline, not '{other}'."),
        },
    };

    public static Option<int> Number(string name, string description, int value, int least, int most) => new(name)
    {
        Description = $"{description}, {least} to {most}",
        DefaultValueFactory = _ => value,
        CustomParser = result => int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : Fail<int>(result, $"{name} is a number from {least} to {most}, not '{result.Tokens[0].Value}'."),
    };

    public static Option<EndPoint> Listen() => new("--listen")
    {
        Description = "HOST:PORT (an address; port 0 is any free port), [ADDRESS]:PORT for IPv6, or unix:PATH",
        DefaultValueFactory = static _ => new IPEndPoint(IPAddress.Loopback, 0),
        CustomParser = static result =>
            TryParse(result.Tokens[0].Value, out EndPoint? endPoint, out string? error) ? endPoint : Fail<EndPoint>(result, "--listen: " + error),
    };

    /// <summary>Reads HOST:PORT, [ADDRESS]:PORT, localhost:PORT or unix:PATH.</summary>
    public static bool TryParse(string text, out EndPoint? endPoint, out string? error)
    {
        endPoint = null;
        error = null;
        if (text.StartsWith("unix:", StringComparison.Ordinal))
        {
            try
            {
                endPoint = new UnixDomainSocketEndPoint(text["unix:".Length..]);
            }
            catch (ArgumentException problem)
            {
                error = $"'{text["unix:".Length..]}' cannot be the path of a Unix socket: {problem.Message}";
            }

            return endPoint is not null;
        }

        int colon = text.LastIndexOf(':');
        if (colon < 1 || !ushort.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            error = $"'{text}' is not HOST:PORT with a port from 0 to 65535, nor unix:PATH.";
            return false;
        }

        string host = text[..colon];
        if (host == "localhost")
            host = "127.0.0.1";
        bool isBracketed = host is ['[', .., ']'];
        string literal = isBracketed ? host[1..^1] : host;
        // .NET takes brackets itself, with a port behind them that it then ignores.
        if (literal.AsSpan().ContainsAny('[', ']')
            || !IPAddress.TryParse(literal, out IPAddress? address)
            || isBracketed != (address.AddressFamily == AddressFamily.InterNetworkV6))
        {
            error = $"'{host}' is not an address (127.0.0.1, 0.0.0.0, [::1], ... or localhost).";
            return false;
        }

        endPoint = new IPEndPoint(address, port);
        return true;
    }

    private static T? Fail<T>(System.CommandLine.Parsing.ArgumentResult result, string message)
    {
        result.AddError(message);
        return default;
    }
}
