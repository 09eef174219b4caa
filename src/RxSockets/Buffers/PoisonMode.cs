namespace RxSockets.Buffers;

/// <summary>
/// The environment switch <c>RXSOCKETS_POISON=1</c>: memory that is returned is overwritten with 0xDD, so that a Memory taken before
/// the return shows at once, and segments that were retained and never disposed are reported with the stack that retained them.
/// </summary>
internal static class PoisonMode
{
    public const byte Pattern = 0xDD;

    // Settable by tests; read once per return.
    public static bool Enabled { get; set; } =
        Environment.GetEnvironmentVariable("RXSOCKETS_POISON") is "1" or "true";

    /// <summary>Where leaks are reported; standard error unless a test listens.</summary>
    public static Action<string> Report { get; set; } = static text => Console.Error.WriteLine(text);

    public static void Overwrite(Span<byte> memory) => memory.Fill(Pattern);

    public static void ReportLeak(string? stack) =>
        Report("RxSockets: a retained segment was never disposed. It was retained at:" + Environment.NewLine + stack);
}
