namespace RxSockets.Stress;

/// <summary>A sum that tells bytes in another order from those that were sent (FNV-1a).</summary>
internal static class Sums
{
    public static uint Continue(uint sum, ReadOnlySpan<byte> bytes)
    {
        if (sum == 0)
            sum = 2166136261;
        foreach (byte value in bytes)
            sum = (sum ^ value) * 16777619;
        return sum;
    }
}
