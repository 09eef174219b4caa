namespace RxSockets.Benchmarks.Load;

/// <summary>How an <see cref="Exchange"/> ends.</summary>
internal enum ExchangeEnd
{
    /// <summary>With the reply; the next begins on the same connection.</summary>
    Again,

    /// <summary>After so many bytes, which follow each other without a border.</summary>
    Flows,

    /// <summary>With the server's FIN, which answers ours; the next connects anew.</summary>
    BothFins,

    /// <summary>With the server's FIN, which comes by itself; the next connects anew.</summary>
    ServersFin,

    /// <summary>Not at all.</summary>
    Never,
}
