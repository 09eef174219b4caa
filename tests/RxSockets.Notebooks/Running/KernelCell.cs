using System.Text.Json;

namespace RxSockets.Notebooks.Running;

/// <summary>One cell while the real kernel runs it: what its events say, as the outputs that a notebook's file would get.</summary>
internal sealed class KernelCell(string token)
{
    private readonly List<CellOutput> _outputs = [];
    private readonly Dictionary<string, int> _shown = [];

    public string Token => token;

    public bool Ended { get; private set; }

    public string? Error { get; private set; }

    public IReadOnlyList<CellOutput> Outputs => _outputs;

    public static string? Type(JsonElement line) => line.GetProperty("eventType").GetString();

    public void Take(JsonElement line)
    {
        JsonElement content = line.GetProperty("event");
        switch (Type(line))
        {
            case "StandardOutputValueProduced" when _outputs is [.., { Kind: "stream" } last]:
                _outputs[^1] = last with { Content = last.Content + Value(content).Content };
                break;
            case "StandardOutputValueProduced":
                _outputs.Add(Value(content) with { Kind = "stream" });
                break;
            case "StandardErrorValueProduced":
                _outputs.Add(Value(content) with { Kind = "stderr" });
                break;
            case "DisplayedValueProduced":
                _shown[content.GetProperty("valueId").GetString()!] = _outputs.Count;
                _outputs.Add(Value(content));
                break;
            case "DisplayedValueUpdated":
                _outputs[_shown[content.GetProperty("valueId").GetString()!]] = Value(content);
                break;
            case "ReturnValueProduced":
                _outputs.Add(Value(content) with { Kind = "execute_result" });
                break;
            case "CommandFailed" when IsMine(line):
                Error = content.GetProperty("message").GetString();
                Ended = true;
                break;
            case "CommandSucceeded" when IsMine(line):
                Ended = true;
                break;
        }
    }

    // What a cell is split into has tokens of its own.
    private bool IsMine(JsonElement line) => line.GetProperty("command").GetProperty("token").GetString() == token;

    private static CellOutput Value(JsonElement content)
    {
        JsonElement first = content.GetProperty("formattedValues")[0];
        return new CellOutput("display_data", first.GetProperty("mimeType").GetString()!, first.GetProperty("value").GetString()!);
    }
}
