namespace RxSockets.Hunt;

/// <summary>What must hold did not.</summary>
internal sealed class HuntException(string message) : Exception(message);

/// <summary>Assertions of the hunt.</summary>
internal static class Check
{
    public static void That(bool condition, [System.Runtime.CompilerServices.InterpolatedStringHandlerArgument("condition")] CheckText text)
    {
        if (!condition)
            throw new HuntException(text.ToString());
    }
}

/// <summary>A message that is put together only where it is needed.</summary>
[System.Runtime.CompilerServices.InterpolatedStringHandler]
internal readonly ref struct CheckText
{
    private readonly System.Text.StringBuilder? _text;

    public CheckText(int literalLength, int formattedCount, bool condition, out bool isNeeded)
    {
        isNeeded = !condition;
        _text = condition ? null : new System.Text.StringBuilder(literalLength + (16 * formattedCount));
    }

    public void AppendLiteral(string text) => _text!.Append(text);

    public void AppendFormatted<T>(T value) => _text!.Append(value);

    public void AppendFormatted<T>(T value, string format)
        where T : IFormattable => _text!.Append(value.ToString(format, null));

    public override string ToString() => _text?.ToString() ?? "";
}
