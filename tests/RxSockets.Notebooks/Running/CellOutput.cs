namespace RxSockets.Notebooks.Running;

/// <summary>One output of a cell.</summary>
/// <param name="Kind">As the format calls it: stream, display_data, execute_result; error is never written.</param>
/// <param name="MimeType">text/plain, text/html or image/png.</param>
/// <param name="Content">The text, or the picture in base 64.</param>
internal sealed record CellOutput(string Kind, string MimeType, string Content);

/// <summary>What a run of a cell left.</summary>
/// <param name="Outputs">In order.</param>
/// <param name="Error">Why it failed: the compiler's errors, or the exception.</param>
/// <param name="Milliseconds">How long it took, compiling included.</param>
internal sealed record CellResult(IReadOnlyList<CellOutput> Outputs, string? Error, long Milliseconds);
