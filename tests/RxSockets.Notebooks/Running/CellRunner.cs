using System.Collections.Immutable;
using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Scripting;
using Microsoft.CodeAnalysis.Scripting;
using Microsoft.CodeAnalysis.Scripting.Hosting;
using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.Formatting;
using NotebookSupport;

namespace RxSockets.Notebooks.Running;

/// <summary>The child process: runs the code cells of one notebook one after the other, to the first that fails, and writes what they left to a file.</summary>
internal static class CellRunner
{
    /// <summary>What the kernel imports into every cell: these namespaces, and the static members of one type. Not Microsoft.DotNet.Interactive.</summary>
    public static readonly ImmutableArray<string> Imports =
        ["System", "System.Text", "System.Collections", "System.Collections.Generic", "System.Threading.Tasks", "System.Linq", "Microsoft.DotNet.Interactive.Kernel"];

    public static async Task<int> RunAsync(string path, string resultPath)
    {
        Notebook notebook = Notebook.Load(path);
        Directory.SetCurrentDirectory(notebook.Folder);
        var output = new RecordingOutput();
        NotebookOutput.Current = output;
        Console.SetOut(TextWriter.Synchronized(output));

        using var loader = new InteractiveAssemblyLoader();
        ScriptOptions options = Options(notebook, loader);
        ScriptState<object>? state = null;
        var results = new List<CellResult>();
        foreach (Cell cell in notebook.CodeCells)
        {
            // Read only where the deadline ends this process.
            await Console.Error.WriteLineAsync($"code cell {results.Count + 1}");
            long started = Stopwatch.GetTimestamp();
            string? error = null;
            try
            {
                state = state is null
                    ? await CSharpScript.Create<object>(cell.Source, options, globalsType: null, loader).RunAsync()
                    : await state.ContinueWithAsync<object>(cell.Source, options);
                // A string of its own is the kernel's plain text; what display returned is shown already.
                if (state.ReturnValue is not null and not DisplayedValue)
                    output.Add(new CellOutput("execute_result", "text/plain", NotebookOutput.Format(state.ReturnValue)));
            }
            catch (CompilationErrorException failed)
            {
                error = string.Join('\n', failed.Diagnostics);
            }
            catch (Exception thrown)
            {
                error = thrown.ToString();
            }

            IReadOnlyList<CellOutput> outputs = output.Next();
            results.Add(new CellResult(outputs, error, (long)Stopwatch.GetElapsedTime(started).TotalMilliseconds));
            if (error is not null)
                break;
            // A cell may have ended inside OnNext or OnCompleted; those must return before the next one, as they do in the kernel.
            await Task.Yield();
        }

        await File.WriteAllTextAsync(resultPath, JsonSerializer.Serialize(results));
        return 0;
    }

    private static ScriptOptions Options(Notebook notebook, InteractiveAssemblyLoader loader)
    {
        // An assembly that the loader does not know it would load a second time, with types that are not the same.
        foreach (string file in RunnerReferences.All.Where(IsAssembly))
            loader.RegisterDependency(Assembly.Load(AssemblyName.GetAssemblyName(file)));
        return ScriptOptions.Default
            .WithReferences(RunnerReferences.Framework.Where(IsAssembly).Append(typeof(Kernel).Assembly.Location).Select(static file => MetadataReference.CreateFromFile(file)))
            .WithMetadataResolver(new RunnerReferences())
            .WithSourceResolver(new SourceFileResolver([], notebook.Folder))
            .WithFilePath(notebook.Path)
            .WithImports(Imports);
    }

    public static bool IsAssembly(string path)
    {
        try
        {
            return AssemblyName.GetAssemblyName(path).Name is not null;
        }
        catch (BadImageFormatException)
        {
            return false;
        }
    }
}
