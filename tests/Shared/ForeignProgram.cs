namespace RxSockets.Testing;

/// <summary>A program nobody here wrote, which a test has as its peer.</summary>
internal static class ForeignProgram
{
    /// <summary>Where it is, by PATH. The test is skipped where it is not.</summary>
    public static string Find(string name)
    {
        string? path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(path is null, $"{name} is not on this machine.");
        return path!;
    }
}
