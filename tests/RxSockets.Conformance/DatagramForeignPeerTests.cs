using System.Diagnostics;
using System.Text;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>Peers that are not .NET: socat and nc.</summary>
public class DatagramForeignPeerTests
{
    private static readonly string[] s_commands = ["socat -T 5 - UDP4:127.0.0.1:{0}", "nc -u -w 5 127.0.0.1 {0}"];

    public static TheoryData<EngineKind, CompletionScheduling, string> All
    {
        get
        {
            var all = new TheoryData<EngineKind, CompletionScheduling, string>();
            foreach (TheoryDataRow<EngineKind, CompletionScheduling> engine in Engines.All)
            {
                foreach (string command in s_commands)
                    all.Add(new TheoryDataRow<EngineKind, CompletionScheduling, string>(engine.Data.Item1, engine.Data.Item2, command) { Traits = engine.Traits });
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_foreign_peer_asks_and_is_answered(EngineKind engine, CompletionScheduling scheduling, string command)
    {
        string[] words = command.Split(' ', 2);
        _ = ForeignProgram.Find(words[0]);
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket socket = port.Datagrams();
        var asked = new List<string>();
        using IDisposable answering = socket.Received.Subscribe(datagram =>
        {
            string question = Encoding.ASCII.GetString(datagram.Memory.Span);
            asked.Add(question);
            _ = socket.SendToAsync(Encoding.ASCII.GetBytes("re: " + question), datagram.RemoteEndPoint).AsTask();
        });
        using Process process = Process.Start(new ProcessStartInfo(words[0], string.Format(null, words[1], socket.LocalEndPoint.Port))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        try
        {
            foreach (string question in (string[])["one", "two", "three"])
            {
                await process.StandardInput.WriteLineAsync(question);
                await process.StandardInput.FlushAsync();
                Assert.Equal("re: " + question, await process.StandardOutput.ReadLineAsync().Within());
            }

            Assert.Equal(["one\n", "two\n", "three\n"], asked);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync().Within();
        }
    }
}
