using System.Numerics;

namespace RxSockets;

/// <summary>Checks of option values. The messages name the option and the limit.</summary>
internal static class Limits
{
    public static void Between(long value, long least, long most, string option)
    {
        if (value < least || value > most)
            throw new ArgumentOutOfRangeException(option, value, $"{option} must be from {least} to {most}.");
    }

    public static void PowerOfTwo(int value, int least, int most, string option)
    {
        Between(value, least, most, option);
        if (!BitOperations.IsPow2(value))
            throw new ArgumentOutOfRangeException(option, value, $"{option} must be a power of two from {least} to {most}.");
    }

    // Timers reach 49 days; past 24 the arithmetic in milliseconds would leave an int.
    public static void Positive(TimeSpan value, string option)
    {
        if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(24))
            throw new ArgumentOutOfRangeException(option, value, $"{option} must be longer than zero and at most 24 days.");
    }

    public static void Defined<TEnum>(TEnum value, string option)
        where TEnum : struct, Enum
    {
        if (!Enum.IsDefined(value))
            throw new ArgumentOutOfRangeException(option, value, $"{option} must be one of {string.Join(", ", Enum.GetNames<TEnum>())}.");
    }
}
