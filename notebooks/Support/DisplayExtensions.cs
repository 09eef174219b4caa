using Microsoft.DotNet.Interactive.Formatting;

namespace System;

/// <summary>The kernel's way to show text that is something else: HTML, or a picture in base 64.</summary>
public static class DisplayExtensions
{
    /// <summary>Shows the text as what <paramref name="mimeType"/> says it is.</summary>
    public static DisplayedValue DisplayAs(this string value, string mimeType) => new(value, mimeType);
}
