using System.Text.Json.Nodes;

namespace RxSockets.Notebooks.Running;

/// <summary>A cell of a notebook: prose, or code with the outputs it had.</summary>
internal sealed class Cell(JsonObject json)
{
    public bool IsCode => (string?)json["cell_type"] == "code";

    public string Source => Text(json["source"]);

    public IReadOnlyList<CellOutput> Outputs => [.. (json["outputs"]?.AsArray() ?? []).Select(static output => Read(output!.AsObject()))];

    public void SetOutputs(int number, IReadOnlyList<CellOutput> outputs)
    {
        json["execution_count"] = number;
        json["outputs"] = new JsonArray([.. outputs.Select(output => (JsonNode)Write(output, number))]);
    }

    private static CellOutput Read(JsonObject output)
    {
        string kind = (string)output["output_type"]!;
        if (kind == "stream")
            return new CellOutput(kind, "text/plain", Text(output["text"]));
        if (kind == "error")
            return new CellOutput(kind, "text/plain", (string?)output["evalue"] ?? "");
        (string mimeType, JsonNode? data) = output["data"]!.AsObject().First();
        return new CellOutput(kind, mimeType, Text(data));
    }

    private static JsonObject Write(CellOutput output, int number)
    {
        if (output.Kind == "stream")
            return new JsonObject { ["name"] = "stdout", ["output_type"] = "stream", ["text"] = Lines(output.Content) };
        JsonNode data = output.MimeType == "image/png" ? JsonValue.Create(output.Content) : Lines(output.Content);
        var written = new JsonObject { ["data"] = new JsonObject { [output.MimeType] = data } };
        if (output.Kind == "execute_result")
            written["execution_count"] = number;
        written["metadata"] = new JsonObject();
        written["output_type"] = output.Kind;
        return written;
    }

    // The format's multi-line strings: an array of lines that keep their ends, or one string.
    private static string Text(JsonNode? node) =>
        node is JsonArray lines ? string.Concat(lines.Select(static line => (string?)line)) : (string?)node ?? "";

    private static JsonArray Lines(string text)
    {
        var lines = new JsonArray();
        for (int start = 0; start < text.Length;)
        {
            int end = text.IndexOf('\n', start) is >= 0 and int found ? found + 1 : text.Length;
            lines.Add(text[start..end]);
            start = end;
        }

        return lines;
    }
}
