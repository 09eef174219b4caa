using System.Globalization;
using System.Net;
using Microsoft.Win32.SafeHandles;
using RxSockets;

/// <summary>Sends a big file from a process of its own, so that its memory can be looked at.</summary>
internal static class Transmitter
{
    public static async Task<int> RunAsync(EngineKind engine, CompletionScheduling scheduling, int number, string path)
    {
        await using var port = CompletionPort.Create(new CompletionPortOptions { Engine = engine, Scheduling = scheduling });
        await using RxConnection connection = await RxConnection.ConnectAsync(
            new IPEndPoint(IPAddress.Loopback, number), default, new ConnectOptions { CompletionPort = port });
        using SafeFileHandle file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        byte[] edge = new byte[1024];
        Array.Fill(edge, (byte)'e');
        // Whatever the first one compiles and allocates is not the file's.
        await connection.TransmitFileAsync(file, new FileTransmitOptions { Head = edge, Tail = edge, Count = 1 << 20 });
        long before = Peak();
        TransmitResult result = await connection.TransmitFileAsync(file, new FileTransmitOptions { Head = edge, Tail = edge });
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.BytesTransmitted} {Peak() - before}"));
        await connection.CompleteWritesAsync();
        return 0;
    }

    private static long Peak()
    {
        string line = File.ReadLines("/proc/self/status").First(static line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
