using Microsoft.DotNet.Interactive.Formatting;

namespace Microsoft.DotNet.Interactive;

/// <summary>What the kernel of a notebook offers to its cells under the same names. Never referenced by a notebook: there the kernel has the real ones.</summary>
public static class Kernel
{
    /// <summary>Shows a value under the cell.</summary>
#pragma warning disable IDE1006 // The kernel's own spelling.
    public static DisplayedValue display(object? value, string? mimeType = null) => new(value, mimeType ?? "text/plain");
#pragma warning restore IDE1006
}
