namespace RxSockets.Tests.Architecture;

/// <summary>Each rule about layers is seen to fail on a small tree that breaks it, and to hold on one that does not.</summary>
public class LayeringRulesTests
{
    private static SourceFile Source(string path, string text) => new("src/RxSockets/" + path, text);

    private static string? Violation(Func<IEnumerable<SourceFile>, IEnumerable<string>> rule, string path, string text) =>
        rule([Source(path, text)]).SingleOrDefault();

    [Theory]
    [InlineData("Sockets/A.cs", "RxSockets.Sockets")]
    [InlineData("Engines/IoUring/A.cs", "RxSockets.Engines.IoUring")]
    [InlineData("Native/Linux/A.cs", "RxSockets.Native.Linux")]
    [InlineData("Model/A.cs", "RxSockets")]
    [InlineData("Operators/A.cs", "RxSockets")]
    [InlineData("Operators/A.cs", "RxSockets.Operators")]
    [InlineData("A.cs", "RxSockets")]
    [InlineData("EngineSelector.cs", "RxSockets")]
    public void The_namespace_of_the_folder_is_accepted(string path, string name) =>
        Assert.Null(Violation(LayeringRules.Namespaces, path, $"namespace {name};"));

    [Theory]
    [InlineData("Sockets/A.cs", "RxSockets")]
    [InlineData("Sockets/A.cs", "RxSockets.Engines")]
    [InlineData("Model/A.cs", "RxSockets.Model")]
    [InlineData("A.cs", "RxSockets.Sockets")]
    public void Another_namespace_is_refused(string path, string name) =>
        Assert.Contains($"namespace {name}", Violation(LayeringRules.Namespaces, path, $"namespace {name};"), StringComparison.Ordinal);

    [Fact]
    public void A_folder_that_is_no_layer_is_refused() =>
        Assert.Contains("no layer", Violation(LayeringRules.Namespaces, "Helpers/A.cs", "namespace RxSockets.Helpers;"), StringComparison.Ordinal);

    [Theory]
    [InlineData("Buffers/A.cs", "using RxSockets;")]
    [InlineData("Sockets/A.cs", "using RxSockets.Engines;")]
    [InlineData("Streams/A.cs", "using RxSockets.Sockets;")]
    [InlineData("A.cs", "using RxSockets.Operators;")]
    [InlineData("Operators/A.cs", "using RxSockets.Buffers;")]
    [InlineData("EngineSelector.cs", "using RxSockets.Engines.IoUring;")]
    [InlineData("EngineSelector.cs", "using RxSockets.Native.Linux;")]
    [InlineData("Engines/IoUring/A.cs", "using RxSockets.Native.Linux;")]
    [InlineData("Engines/Iocp/A.cs", "using RxSockets.Native.Windows;")]
    [InlineData("Engines/Managed/A.cs", "using System.Net.Sockets;")]
    [InlineData("Buffers/A.cs", "// using RxSockets.Sockets;")]
    [InlineData("Buffers/A.cs", "var s = \"RxSockets.Sockets\";")]
    public void A_lower_layer_may_be_used(string path, string code) => Assert.Null(Violation(LayeringRules.Dependencies, path, code));

    [Theory]
    [InlineData("Buffers/A.cs", "using RxSockets.Sockets;")]
    [InlineData("Buffers/A.cs", "using static RxSockets.Operations.B;")]
    [InlineData("Buffers/A.cs", "using B = RxSockets.Operations.B;")]
    [InlineData("Buffers/A.cs", "var x = new RxSockets.Operations.B();")]
    [InlineData("Buffers/A.cs", "var x = new global::RxSockets.Operations.B();")]
    [InlineData("Operations/A.cs", "using RxSockets.Engines;")]
    [InlineData("Engines/A.cs", "using RxSockets.Engines.Managed;")]
    [InlineData("Sockets/A.cs", "using RxSockets.Engines.Managed;")]
    [InlineData("Sockets/A.cs", "var x = new Engines.IoUring.Ring();")]
    [InlineData("Sockets/A.cs", "Native.Linux.LibC.Close(3);")]
    [InlineData("Sockets/A.cs", "using RxSockets.Streams;")]
    [InlineData("Operators/A.cs", "using RxSockets.Sockets;")]
    [InlineData("Operators/A.cs", "using RxSockets.Engines;")]
    [InlineData("Operators/A.cs", "using RxSockets.Native.Linux;")]
    [InlineData("A.cs", "using RxSockets.Engines.IoUring;")]
    [InlineData("A.cs", "using RxSockets.Native.Windows;")]
    [InlineData("Engines/IoUring/A.cs", "using RxSockets.Engines.Managed;")]
    [InlineData("Engines/IoUring/A.cs", "using RxSockets.Native.Windows;")]
    [InlineData("Engines/Managed/A.cs", "using RxSockets.Native.Linux;")]
    [InlineData("Engines/Iocp/A.cs", "using RxSockets.Native.Linux;")]
    [InlineData("Model/A.cs", "using RxSockets.Buffers;")]
    public void A_higher_layer_may_not(string path, string code) =>
        Assert.Contains("must not use", Violation(LayeringRules.Dependencies, path, code), StringComparison.Ordinal);

    [Fact]
    public void A_global_using_is_refused() =>
        Assert.Contains("global using", Violation(LayeringRules.Dependencies, "A.cs", "global using RxSockets.Buffers;"), StringComparison.Ordinal);

    [Theory]
    [InlineData("Sockets/A.cs", "if (OperatingSystem.IsLinux()) { }", true)]
    [InlineData("A.cs", "_ = RuntimeInformation.OSDescription;", true)]
    [InlineData("Streams/A.cs", "// OperatingSystem.IsLinux()", false)]
    [InlineData("Engines/Managed/A.cs", "if (OperatingSystem.IsLinux()) { }", false)]
    [InlineData("Native/Linux/A.cs", "if (OperatingSystem.IsLinux()) { }", false)]
    [InlineData("EngineSelector.cs", "if (OperatingSystem.IsLinux()) { }", false)]
    public void The_system_is_looked_at_in_few_places(string path, string code, bool refused) =>
        Assert.Equal(refused, Violation(LayeringRules.SystemChecks, path, code) is not null);

    [Theory]
    [InlineData("Sockets/A.cs", "RxConnection c;", true)]
    [InlineData("Engines/A.cs", "RxListener c;", true)]
    [InlineData("Operators/A.cs", "IObservable<RxDatagramSocket> c;", true)]
    [InlineData("Sockets/A.cs", "/// <see cref=\"RxConnection\"/>", false)]
    [InlineData("Model/A.cs", "public CompletionPort? CompletionPort { get; set; }", false)]
    [InlineData("A.cs", "RxConnection c;", false)]
    public void Nouns_are_named_in_the_root_only(string path, string code, bool refused) =>
        Assert.Equal(refused, Violation(LayeringRules.PublicNouns, path, code) is not null);

    [Theory]
    [InlineData("Operations/A.cs", "class IoUringSend { }", true)]
    [InlineData("Sockets/A.cs", "if (engine is ManagedEngine) { }", true)]
    [InlineData("Streams/A.cs", "bool isIocp;", true)]
    [InlineData("Operators/A.cs", "EngineKind.IoUring", true)]
    [InlineData("Sockets/A.cs", "// io_uring does it like this", false)]
    [InlineData("Sockets/A.cs", "_ = Environment.CurrentManagedThreadId;", false)]
    [InlineData("Sockets/A.cs", "[UnmanagedCallersOnly]", false)]
    [InlineData("Engines/IoUring/A.cs", "class IoUringSend { }", false)]
    public void Engines_are_named_in_their_folders_only(string path, string code, bool refused) =>
        Assert.Equal(refused, Violation(LayeringRules.EngineNames, path, code) is not null);

    [Fact]
    public void Files_outside_the_library_are_in_no_layer()
    {
        SourceFile[] files = [new("tests/RxSockets.Tests/A.cs", "using RxSockets.Sockets; class RxConnectionTests { RxConnection c; }")];
        Assert.Empty(LayeringRules.Dependencies(files));
        Assert.Empty(LayeringRules.PublicNouns(files));
        Assert.Empty(LayeringRules.Namespaces(files));
    }

    [Fact]
    public void The_line_of_a_violation_is_told() =>
        Assert.Equal(
            "src/RxSockets/Sockets/A.cs:4: IoUringLoop",
            Violation(LayeringRules.EngineNames, "Sockets/A.cs", "/* one\ntwo */\n\"a literal\"\nIoUringLoop x;"));
}
