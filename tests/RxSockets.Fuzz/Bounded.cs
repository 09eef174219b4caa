namespace RxSockets.Fuzz;

/// <summary>Runs a target within bounds of time and of what is allocated: an input costs what its length allows, whatever is written in it.</summary>
internal static class Bounded
{
    private const long BytesAllocated = 1 << 20;
    private const long BytesAllocatedPerByte = 1024;
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(1);

    public static void Run(FuzzTarget target, ReadOnlySpan<byte> data)
    {
        TimeSpan took = Once(target, data);
        // A busy machine stops anybody for a second; the same input is not unlucky three times.
        for (int again = 0; again < 2 && took > s_longest; again++)
            took = Once(target, data);
        FindingException.Unless(took <= s_longest, $"{data.Length} bytes took {took.TotalSeconds:0.0} s, three times");
    }

    private static TimeSpan Once(FuzzTarget target, ReadOnlySpan<byte> data)
    {
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long started = TimeProvider.System.GetTimestamp();
        target(data);
        TimeSpan took = TimeProvider.System.GetElapsedTime(started);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        FindingException.Unless(allocated <= BytesAllocated + (BytesAllocatedPerByte * data.Length), $"{data.Length} bytes made {allocated} bytes be allocated");
        return took;
    }
}
