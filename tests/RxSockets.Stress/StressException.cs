namespace RxSockets.Stress;

/// <summary>What must hold did not: bytes that were not sent, an end that came early, something left.</summary>
internal sealed class StressException(string message) : Exception(message);

internal static class Check
{
    public static void That(bool holds, string otherwise)
    {
        if (!holds)
            throw new StressException(otherwise);
    }
}
