namespace RxSockets.Notebooks.Running;

/// <summary>Compares a run with what the notebook's file says. Numbers and times differ from run to run; that an output is there, and of which kind, does not.</summary>
internal static class Verification
{
    public static IEnumerable<string> Errors(Notebook notebook, IReadOnlyList<CellResult> results)
    {
        int number = 0;
        foreach ((Cell cell, CellResult result) in notebook.CodeCells.Zip(results))
        {
            number++;
            if (result.Error is { } error)
                yield return $"{notebook.Name}, code cell {number}: {error}";
            foreach (CellOutput output in result.Outputs.Where(static output => output.MimeType == "image/png" && !IsPng(output.Content)))
                yield return $"{notebook.Name}, code cell {number}: {output.Content.Length} characters that are not a PNG picture";
        }

        if (number < notebook.CodeCells.Count() && results is not [.., { Error: not null }])
            yield return $"{notebook.Name}: only {number} of {notebook.CodeCells.Count()} code cells ran";
    }

    public static IEnumerable<string> Differences(Notebook notebook, IReadOnlyList<CellResult> results)
    {
        int number = 0;
        foreach ((Cell cell, CellResult result) in notebook.CodeCells.Zip(results))
        {
            number++;
            string committed = Kinds(cell.Outputs), now = Kinds(result.Outputs);
            if (committed != now)
                yield return $"{notebook.Name}, code cell {number}: the file has the outputs [{committed}], a run gives [{now}]; run update";
        }

        if (notebook.OutputsOf != notebook.Fingerprint)
            yield return $"{notebook.Name}: the code was changed after its outputs were taken; run update";
    }

    private static string Kinds(IReadOnlyList<CellOutput> outputs) => string.Join(", ", outputs.Select(static output => $"{output.Kind} {output.MimeType}"));

    private static bool IsPng(string content)
    {
        byte[] bytes = new byte[content.Length];
        return Convert.TryFromBase64String(content, bytes, out int count) && count > 1000 && bytes[0] == 0x89 && bytes.AsSpan(1, 3).SequenceEqual("PNG"u8);
    }
}
