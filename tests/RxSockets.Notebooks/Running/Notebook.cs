using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RxSockets.Notebooks.Running;

/// <summary>A notebook's file (nbformat 4).</summary>
internal sealed class Notebook
{
    private static readonly JsonSerializerOptions s_layout = new()
    {
        WriteIndented = true,
        IndentSize = 1,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly JsonObject _root;

    private Notebook(string path, JsonObject root)
    {
        Path = path;
        _root = root;
        Cells = [.. root["cells"]!.AsArray().Select(static cell => new Cell(cell!.AsObject()))];
    }

    public string Path { get; }

    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    public string Folder => System.IO.Path.GetDirectoryName(Path)!;

    public IReadOnlyList<Cell> Cells { get; }

    public IEnumerable<Cell> CodeCells => Cells.Where(static cell => cell.IsCode);

    public string? Kernel => (string?)_root["metadata"]?["kernelspec"]?["name"];

    public string? Language => (string?)_root["metadata"]?["kernelspec"]?["language"];

    /// <summary>The code that the outputs in the file came from, as <see cref="Fingerprint"/> wrote it.</summary>
    public string? OutputsOf => (string?)_root["metadata"]?["outputs_of"];

    /// <summary>Of all code, loaded files included: other code, another fingerprint.</summary>
    public string Fingerprint
    {
        get
        {
            string code = string.Join('\n', CodeCells.Select(static cell => cell.Source));
            foreach (string loaded in Directives.Loaded(code))
                code += "\n" + File.ReadAllText(System.IO.Path.Combine(Folder, loaded)).ReplaceLineEndings("\n");
            return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(code)))[..16];
        }
    }

    public static Notebook Load(string path) => new(path, JsonNode.Parse(File.ReadAllText(path))!.AsObject());

    public void SetOutputs(IReadOnlyList<CellResult> results)
    {
        int number = 0;
        foreach ((Cell cell, CellResult result) in CodeCells.Zip(results))
            cell.SetOutputs(++number, result.Outputs);
        _root["metadata"]!["outputs_of"] = Fingerprint;
    }

    public void Save() => File.WriteAllText(Path, _root.ToJsonString(s_layout) + "\n");
}
