namespace RxSockets.Benchmarks.Load;

/// <summary>One operation of a <see cref="LoadMode"/>: how much is sent, how much comes back, and how it ends.</summary>
/// <param name="Request">Bytes sent at its beginning.</param>
/// <param name="Reply">Bytes that answer it.</param>
/// <param name="End">What follows the reply.</param>
internal sealed record Exchange(long Request, long Reply, ExchangeEnd End)
{
    public static Exchange Of(LoadMode mode, long bytes) => mode switch
    {
        LoadMode.Echo or LoadMode.Datagram => new(bytes, bytes, ExchangeEnd.Again),
        LoadMode.Pieces or LoadMode.Coalesced => new(1, bytes, ExchangeEnd.Again),
        LoadMode.Receive => new(0, bytes, ExchangeEnd.Flows),
        LoadMode.Send => new(bytes, 0, ExchangeEnd.Flows),
        LoadMode.Churn => new(bytes, bytes, ExchangeEnd.BothFins),
        LoadMode.Accept => new(bytes, bytes, ExchangeEnd.ServersFin),
        LoadMode.File => new(0, bytes, ExchangeEnd.ServersFin),
        LoadMode.Idle => new(0, 0, ExchangeEnd.Never),
        _ => throw new ArgumentOutOfRangeException(nameof(mode)),
    };
}
