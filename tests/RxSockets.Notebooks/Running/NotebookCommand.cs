using RxSockets.Notebooks.Rules;

namespace RxSockets.Notebooks.Running;

/// <summary>The commands for people: verify what is in the repository, or bring it up to date.</summary>
internal static class NotebookCommand
{
    public static async Task<int> RunAsync(string command, string[] names)
    {
        bool failed = false;
        foreach (string name in names is [] ? NotebookFolder.Names : names)
        {
            Notebook notebook = NotebookFolder.Load(name);
            try
            {
                IReadOnlyList<CellResult> results = await ChildRun.RunAsync(notebook.Path, ChildRun.Deadline);
                List<string> errors = [.. Lint.Check(notebook), .. Verification.Errors(notebook, results)];
                if (command == "verify")
                {
                    errors.AddRange(Verification.Differences(notebook, results));
                }
                else if (errors.Count == 0)
                {
                    notebook.SetOutputs(results);
                    notebook.Save();
                    await File.WriteAllTextAsync(NotebookFolder.TwinOf(name), Twin.Of(notebook));
                }

                failed |= errors.Count > 0;
                errors.ForEach(Console.Error.WriteLine);
                Console.WriteLine($"{name}: {results.Count} code cells, {results.Sum(static result => result.Milliseconds)} ms, {errors.Count} errors");
            }
            catch (NotebookException error)
            {
                failed = true;
                await Console.Error.WriteLineAsync(error.Message);
            }
        }

        return failed ? 1 : 0;
    }
}
