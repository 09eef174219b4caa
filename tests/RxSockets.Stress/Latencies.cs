using System.Globalization;

namespace RxSockets.Stress;

/// <summary>Round trips of one phase, kept in classes of an eighth of a power of two: bounded memory for any number. Thread-safe.</summary>
internal sealed class Latencies
{
    private const int PerDouble = 8;

    private readonly long[] _classes = new long[PerDouble * 40];
    private long _count;

    public long Count => Volatile.Read(ref _count);

    public void Add(TimeSpan time)
    {
        int index = (int)(PerDouble * Math.Log2(Math.Max(1, time.TotalMicroseconds)));
        Interlocked.Increment(ref _classes[Math.Min(index, _classes.Length - 1)]);
        Interlocked.Increment(ref _count);
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Count} round trips: median {At(0.5):0} us, 90 % {At(0.9):0} us, 99 % {At(0.99):0} us, 99.9 % {At(0.999):0} us");

    // The upper end of the class.
    private double At(double part)
    {
        long left = (long)Math.Ceiling(part * Count);
        int index = 0;
        while (index < _classes.Length - 1 && (left -= _classes[index]) > 0)
            index++;
        return Math.Pow(2, (index + 1.0) / PerDouble);
    }
}
