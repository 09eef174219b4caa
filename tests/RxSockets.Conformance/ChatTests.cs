using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>examples/Chat as people use it: a process of its own, nc and socat as its guests.</summary>
public class ChatTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.OfTheSystem;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Guests_hear_each_other_until_they_leave(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var house = await ChatHouse.OpenAsync(engine, scheduling);
        using Guest alice = house.Nc(), bob = house.Socat();
        await alice.SayAsync("alice");
        await alice.HearsAsync("* alice joined");
        await bob.SayAsync("alice");
        await bob.HearsAsync("* that name is taken or not fit, say another");
        await bob.SayAsync("bob");
        await bob.HearsAsync("* bob joined");
        await alice.HearsAsync("* bob joined");
        await alice.SayAsync("grüß dich, bob");
        await alice.HearsAsync("alice: grüß dich, bob");
        await bob.HearsAsync("alice: grüß dich, bob");
        await bob.SayAsync("/quit");
        await alice.HearsAsync("* bob left");
        await bob.EndsAsync();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Who_says_no_name_goes_and_who_says_nothing_more_goes_too(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var house = await ChatHouse.OpenAsync(engine, scheduling, "--silent 4 --idle 8");
        using Guest silent = house.Nc(), idle = house.Nc(), talking = house.Nc();
        await idle.SayAsync("idle");
        await idle.HearsAsync("* idle joined");
        await talking.SayAsync("talking");
        await talking.HearsAsync("* talking joined");
        await silent.EndsAsync();
        Task<string> farewell = talking.HearsOneOfAsync("* idle left");
        while (!farewell.IsCompleted)
        {
            await talking.SayAsync("still here");
            await Task.WhenAny(farewell, Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System)).Within();
        }

        await farewell;
        await idle.EndsAsync();
        await talking.SayAsync("bye");
        await talking.HearsOneOfAsync("talking: bye").Within();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Who_talks_too_fast_is_told_so_and_not_heard(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var house = await ChatHouse.OpenAsync(engine, scheduling, "--rate 3");
        using Guest fast = house.Nc(), other = house.Nc();
        await other.SayAsync("other");
        await other.HearsAsync("* other joined");
        await fast.SayAsync("fast\n1\n2\n3\n4\n5");
        Assert.Equal("* too fast, not heard", await fast.HearsOneOfAsync("* too fast, not heard").Within());
        await other.HearsAsync("* fast joined");
        await other.HearsAsync("fast: 1");
        await other.HearsAsync("fast: 2");
        await other.SayAsync("well");
        await other.HearsAsync("other: well");
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Who_does_not_read_holds_nobody_up(EngineKind engine, CompletionScheduling scheduling)
    {
        const int Lines = 30_000;
        await using var house = await ChatHouse.OpenAsync(engine, scheduling, "--rate 1000000");
        using Guest listener = house.Nc();
        await listener.SayAsync("listener");
        await listener.HearsAsync("* listener joined");
        using Socket deaf = await Peers.ConnectAsync(house.EndPoint);
        deaf.ReceiveBufferSize = 4096;
        await deaf.SendAsync("deaf\n"u8.ToArray()).Within();
        await listener.HearsAsync("* deaf joined");
        using Socket loud = await Peers.ConnectAsync(house.EndPoint);
        await loud.SendAsync("loud\n"u8.ToArray()).Within();
        await listener.HearsAsync("* loud joined");
        // 15 MB that the deaf one and the loud one do not read: each has a queue of its own, which drops the oldest.
        string padding = new('x', 500);
        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < Lines; i += 100)
                await loud.SendAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(i, 100).Select(n => $"{n} {padding}\n"))));
            await loud.SendAsync("the end\n"u8.ToArray());
        });
        await listener.HearsOneOfAsync("loud: the end").Within();
        await sending.Within();
    }

    /// <summary>The chat server's process.</summary>
    private sealed class ChatHouse(Process server, IPEndPoint endPoint) : IAsyncDisposable
    {
        public IPEndPoint EndPoint => endPoint;

        public static async Task<ChatHouse> OpenAsync(EngineKind engine, CompletionScheduling scheduling, string options = "")
        {
            Assert.SkipUnless(OperatingSystem.IsLinux(), "Ends the server with SIGTERM.");
            if (EngineSelector.WhyNot(engine) is { } reason)
                Assert.Skip($"{engine} cannot run here: {reason}");
            string how = scheduling == CompletionScheduling.Inline ? "inline" : "pool";
            Process server = Start("dotnet", $"\"{Path.Combine(AppContext.BaseDirectory, "Chat.dll")}\" --engine {engine} --scheduling {how} {options}");
            string line = await server.StandardOutput.ReadLineAsync().Within() ?? "";
            Assert.StartsWith("listening on ", line, StringComparison.Ordinal);
            return new ChatHouse(server, IPEndPoint.Parse(line["listening on ".Length..]));
        }

        public Guest Nc() => new(Start(ForeignProgram.Find("nc"), $"127.0.0.1 {endPoint.Port}"));

        public Guest Socat() => new(Start(ForeignProgram.Find("socat"), $"- TCP:127.0.0.1:{endPoint.Port}"));

        public async ValueTask DisposeAsync()
        {
            try
            {
                using (Process term = Start("kill", $"-TERM {server.Id}"))
                    await term.WaitForExitAsync().Within();
                Assert.Equal("stopped", await server.StandardOutput.ReadLineAsync().Within());
                await server.WaitForExitAsync().Within();
                Assert.Equal(0, server.ExitCode);
            }
            finally
            {
                if (!server.HasExited)
                    server.Kill();
                server.Dispose();
            }
        }
    }

    /// <summary>A guest that is a program.</summary>
    private sealed class Guest(Process program) : IDisposable
    {
        public async Task SayAsync(string line)
        {
            await program.StandardInput.WriteLineAsync(line).Within();
            await program.StandardInput.FlushAsync().Within();
        }

        public async Task HearsAsync(string line) => Assert.Equal(line, await program.StandardOutput.ReadLineAsync().Within());

        public async Task<string> HearsOneOfAsync(string line)
        {
            while (await program.StandardOutput.ReadLineAsync() is { } heard)
            {
                if (heard == line)
                    return heard;
            }

            throw new EndOfStreamException($"Ended without '{line}'.");
        }

        public async Task EndsAsync()
        {
            // nc and socat end when the server does, socat after a moment of its own.
            program.StandardInput.Close();
            while (await program.StandardOutput.ReadLineAsync().Within() is not null)
            {
            }
        }

        public void Dispose()
        {
            if (!program.HasExited)
                program.Kill();
            program.Dispose();
        }
    }

    private static Process Start(string program, string arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        StandardOutputEncoding = Encoding.UTF8,
        StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
    })!;
}
