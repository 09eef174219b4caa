using Microsoft.DotNet.Interactive.Formatting;

namespace Microsoft.DotNet.Interactive;

/// <summary>The run of one cell. Its <see cref="Display"/> is the one whose result can be updated in the real kernel.</summary>
public sealed class KernelInvocationContext
{
    /// <summary>The cell that runs.</summary>
    public static KernelInvocationContext Current { get; } = new();

    /// <summary>Shows a value, to be updated while the cell runs.</summary>
#pragma warning disable CA1822 // An instance member in the kernel.
    public DisplayedValue Display(object? value, string mimeType = "text/plain") => new(value, mimeType);
#pragma warning restore CA1822
}
