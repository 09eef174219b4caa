namespace RxSockets.Examples;

internal static class EngineProbe
{
    /// <summary>Skips the test, with the reason, where the engine is absent.</summary>
    public static void SkipWithout(EngineKind engine)
    {
        if (EngineSelector.WhyNot(engine) is { } reason)
            Assert.Skip($"{engine} cannot run here: {reason}");
    }
}
