namespace RxSockets.Tests.Architecture;

/// <summary>The rules, held against the sources of this repository.</summary>
public class ArchitectureTests
{
    [Fact]
    public void A_folder_is_a_namespace() => Hold(LayeringRules.Namespaces);

    [Fact]
    public void A_layer_uses_only_lower_layers() => Hold(LayeringRules.Dependencies);

    [Fact]
    public void Only_the_selector_and_what_is_native_looks_at_the_system() => Hold(LayeringRules.SystemChecks);

    [Fact]
    public void No_layer_names_the_nouns_built_on_it() => Hold(LayeringRules.PublicNouns);

    [Fact]
    public void No_engine_is_named_where_all_engines_are_alike() => Hold(LayeringRules.EngineNames);

    [Fact]
    public void Files_are_short() => Hold(FileRules.Length);

    [Fact]
    public void No_unfinished_work_is_left() => Hold(FileRules.Leftovers);

    private static void Hold(Func<IEnumerable<SourceFile>, IEnumerable<string>> rule)
    {
        Assert.SkipUnless(Directory.Exists(SourceFile.RepositoryRoot), $"The sources are not here: {SourceFile.RepositoryRoot}");
        IReadOnlyList<SourceFile> files = SourceFile.All();
        Assert.Contains(files, static file => file.Path == "src/RxSockets/EngineSelector.cs");
        string[] violations = [.. rule(files)];
        Assert.True(violations.Length == 0, string.Join('\n', violations));
    }
}
