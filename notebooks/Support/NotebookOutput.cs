using System.Collections;
using System.Globalization;

namespace NotebookSupport;

/// <summary>The output in use: the terminal, unless a runner says otherwise.</summary>
internal static class NotebookOutput
{
    /// <summary>Where output goes.</summary>
    public static INotebookOutput Current { get; set; } = new TerminalOutput();

    /// <summary>A value as text; a sequence one item per line.</summary>
    public static string Format(object? value) => value switch
    {
        null => "null",
        string text => text,
        IEnumerable items => string.Join('\n', items.Cast<object?>().Select(Format)),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
