using System.Text.Json.Nodes;
using RxSockets.Notebooks.Running;

namespace RxSockets.Notebooks;

/// <summary>A notebook made by a test.</summary>
internal static class MadeNotebook
{
    public static Notebook Write(string folder, params string[] cells)
    {
        var root = new JsonObject
        {
            ["cells"] = new JsonArray([.. cells.Select(static cell => (JsonNode)new JsonObject { ["cell_type"] = "code", ["source"] = cell, ["outputs"] = new JsonArray() })]),
            ["metadata"] = new JsonObject(),
            ["nbformat"] = 4,
        };
        string path = Path.Combine(folder, "made.ipynb");
        File.WriteAllText(path, root.ToJsonString());
        return Notebook.Load(path);
    }
}
