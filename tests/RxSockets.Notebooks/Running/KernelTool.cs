namespace RxSockets.Notebooks.Running;

/// <summary>The real kernel, <c>dotnet-interactive</c>, where it is installed.</summary>
internal static class KernelTool
{
    /// <summary>The variable that names its file, for a tool that is on no path.</summary>
    public const string Variable = "RX_DOTNET_INTERACTIVE";

    public const string Missing =
        $"dotnet-interactive, the real kernel, is neither on PATH nor among the global .NET tools, and {Variable} does not name it: notebooks/README.md.";

    /// <summary>The file of the tool, or null if it is not on this machine.</summary>
    public static string? Find() => Find(Environment.GetEnvironmentVariable(Variable), Environment.GetEnvironmentVariable("PATH") ?? "", GlobalTools());

    /// <summary>The same, with what it looks at. A name that was given and is wrong is an error: the tests of the kernel were asked for.</summary>
    public static string? Find(string? named, string path, string globalTools)
    {
        if (!string.IsNullOrEmpty(named))
            return File.Exists(named) ? Path.GetFullPath(named) : throw new NotebookException($"{Variable} is '{named}', and there is no such file");
        string file = OperatingSystem.IsWindows() ? "dotnet-interactive.exe" : "dotnet-interactive";
        return path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Append(globalTools)
            .Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);
    }

    private static string GlobalTools() =>
        Path.Combine(
            Environment.GetEnvironmentVariable("DOTNET_CLI_HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".dotnet", "tools");
}
