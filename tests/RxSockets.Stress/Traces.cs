using RxSockets.Engines.IoUring;
using RxSockets.Engines.Managed;

namespace RxSockets.Stress;

/// <summary>What a process holds while nothing runs: taken before and after a load, it must be the same.</summary>
/// <param name="Descriptors">Open sockets, files and the like, but pipes and assemblies (the runtime opens one when it is first needed); -1 where the system does not tell.</param>
/// <param name="Pipes">Descriptors of pipes: the runtime has some for each thread, and the engine keeps those that files were spliced through.</param>
/// <param name="Threads">Names of the threads but those of the thread pool, of tiered compilation, of collections and for files, which come when they are needed; empty where the system does not tell.</param>
/// <param name="Members">Listeners, connections and connects on the port.</param>
/// <param name="Requests">Slots of the engine's table of what is in flight; -1 where the engine has none.</param>
/// <param name="Buffers">Receive buffers that are not in the pool.</param>
/// <param name="BufferBytes">Memory of all receive buffers made so far; it never shrinks, and has a limit.</param>
/// <param name="Heap">Managed heap after a full collection, without the receive buffers.</param>
internal sealed record Traces(int Descriptors, int Pipes, string[] Threads, int Members, int Requests, int Buffers, long BufferBytes, long Heap)
{
    // Those of some thirty threads of the thread pool more. A pipe left by each transmit would be a thousand in seconds.
    private const int MorePipes = 64;

    // BGC: made for the first collection in the background, which a loaded machine may bring about minutes into a run. The last are the engine's: up to four, made when a file is not in memory, which another process may bring about, and kept.
    private static readonly string[] s_comingAndGoing = [".NET TP ", ".NET Tiered", ".NET Timer", ".NET BGC", "RxSockets file"];

    public static Traces Take(CompletionPort port)
    {
        for (int round = 0; round < 3; round++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        (int descriptors, int pipes) = OperatingSystem.IsLinux() ? CountDescriptors() : (-1, -1);
        (int requests, int buffers, long bufferBytes) = port.Core.Engine switch
        {
            IoUringEngine ring => (ring.RequestsInFlight, ring.RentedBuffers, ring.BufferBytesMade),
            ManagedEngine managed => (-1, managed.Buffers.Pool.Rented, managed.Buffers.Pool.BytesMade),
            _ => (-1, -1, 0),
        };
        return new Traces(
            descriptors,
            pipes,
            OperatingSystem.IsLinux() ? NameThreads() : [],
            port.Core.MemberCount,
            requests,
            buffers,
            bufferBytes,
            GC.GetTotalMemory(forceFullCollection: true) - bufferBytes);
    }

    /// <summary>Null where nothing is left over since; else what is.</summary>
    public string? Differs(Traces earlier)
    {
        List<string> all = [];
        Compare("descriptors", earlier.Descriptors, Descriptors);
        if (Pipes > earlier.Pipes + MorePipes)
            all.Add($"pipes: {earlier.Pipes} before, {Pipes} now");
        if (!Threads.SequenceEqual(earlier.Threads))
            all.Add($"threads: {string.Join(", ", earlier.Threads)} before, {string.Join(", ", Threads)} now");
        Compare("members of the port", earlier.Members, Members);
        Compare("requests in the engine", earlier.Requests, Requests);
        Compare("buffers out of the pool", earlier.Buffers, Buffers);
        return all.Count == 0 ? null : string.Join("; ", all);

        void Compare(string what, int before, int now)
        {
            if (before != now)
                all.Add($"{what}: {before} before, {now} now");
        }
    }

    private static (int Descriptors, int Pipes) CountDescriptors()
    {
        int pipes = 0, others = 0;
        foreach (string path in Directory.GetFiles("/proc/self/fd"))
        {
            if (new FileInfo(path).LinkTarget is not { } target)
                continue;
            if (target.StartsWith("pipe:", StringComparison.Ordinal))
                pipes++;
            else if (!target.EndsWith(".dll", StringComparison.Ordinal))
                others++;
        }

        return (others, pipes);
    }

    private static string[] NameThreads()
    {
        List<string> names = [];
        foreach (string task in Directory.GetDirectories("/proc/self/task"))
        {
            try
            {
                string name = File.ReadAllText(Path.Combine(task, "comm")).TrimEnd('\n');
                if (!s_comingAndGoing.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
                    names.Add(name);
            }
            catch (IOException)
            {
                // Ended meanwhile.
            }
        }

        names.Sort(StringComparer.Ordinal);
        return [.. names];
    }
}
