using RxSockets.Notebooks.Running;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace RxSockets.Notebooks;

/// <summary>
/// The tests, and besides: <c>verify [NAME...]</c> and <c>update [NAME...]</c> for the notebooks of the repository, and <c>run NOTEBOOK RESULT</c>,
/// the child process of both.
/// </summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["run", string notebook, string result]:
                return await CellRunner.RunAsync(notebook, result);
            case ["verify" or "update", ..]:
                return await NotebookCommand.RunAsync(args[0], args[1..]);
            default:
                return args.Any(static argument => argument is "-automated" or "@@")
                    ? await ConsoleRunner.Run(args)
                    : await TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
        }
    }
}
