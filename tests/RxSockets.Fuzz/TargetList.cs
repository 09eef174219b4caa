using RxSockets.Fuzz.Targets;

namespace RxSockets.Fuzz;

/// <summary>Takes any bytes. Returns, or throws where what is tested did not keep a promise.</summary>
internal delegate void FuzzTarget(ReadOnlySpan<byte> data);

/// <summary>The targets by name.</summary>
internal static class TargetList
{
    public static IReadOnlyDictionary<string, FuzzTarget> All { get; } = new SortedDictionary<string, FuzzTarget>(StringComparer.Ordinal)
    {
        ["lines"] = FramingTargets.Lines,
        ["delimited"] = FramingTargets.Delimited,
        ["prefixed"] = FramingTargets.Prefixed,
        ["prefix"] = PrefixTarget.Run,
        ["proxy"] = ProxyTarget.Run,
        ["endpoint"] = EndPointTarget.Run,
        ["address"] = AddressTarget.Run,
        ["http"] = HttpTarget.Run,
    };
}
