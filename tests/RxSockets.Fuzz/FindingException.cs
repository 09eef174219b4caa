namespace RxSockets.Fuzz;

/// <summary>A promise that was not kept.</summary>
internal sealed class FindingException(string message) : Exception(message)
{
    public static void Unless(bool holds, string promise)
    {
        if (!holds)
            throw new FindingException(promise);
    }

    public static void UnlessEqual<T>(T expected, T actual, string what)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
            throw new FindingException($"{what}: expected {expected}, got {actual}");
    }
}
