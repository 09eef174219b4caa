using System.Collections.Concurrent;
using System.Text;

namespace RxSockets.Diagnostics;

/// <summary>Attribute names and values, after OpenTelemetry's conventions where they have one.</summary>
internal static class MetricNames
{
    public const string Engine = "rxsockets.engine";
    public const string Port = "rxsockets.port";
    public const string Loop = "rxsockets.loop";
    public const string State = "rxsockets.connection.state";
    public const string Origin = "rxsockets.connection.origin";
    public const string CloseReason = "rxsockets.connection.close_reason";
    public const string DropRule = "rxsockets.connection.drop_rule";
    public const string Operation = "rxsockets.operation.name";
    public const string Direction = "network.io.direction";
    public const string Transport = "network.transport";
    public const string Error = "error.type";

    private static readonly ConcurrentDictionary<Enum, string> s_values = new();

    /// <summary>ConnectionReset is connection_reset: what the value of an attribute looks like.</summary>
    public static string Of(Enum value) => s_values.GetOrAdd(value, static value => SnakeCase(value.ToString()));

    private static string SnakeCase(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        for (int i = 0; i < name.Length; i++)
        {
            if (i > 0 && char.IsUpper(name[i]) && char.IsLower(name[i - 1]))
                text.Append('_');
            text.Append(char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }
}
