using System.Net;
using System.Net.Sockets;

/// <summary>Clients that mean harm, until input ends: prints "attacking" when all are connected, and in the end how many bytes left and how many connections the server cut.</summary>
internal static class Hostile
{
    public static int Run(string attack, int port, int count)
    {
        Socket[] sockets = [.. Enumerable.Range(0, count).Select(_ => Connect(port))];
        byte[] first = attack == "prefix" ? [0x7f, 0xff, 0xff, 0xff] : [];
        byte[] block = new byte[attack == "loris" ? 1 : 64 << 10];
        block.AsSpan().Fill((byte)'a');
        foreach (Socket socket in sockets)
        {
            socket.Send(first);
            socket.Blocking = false;
        }

        Console.WriteLine("attacking");
        using var over = new ManualResetEventSlim();
        Task.Run(() =>
        {
            Console.In.ReadToEnd();
            over.Set();
        });
        long sent = 0;
        var cut = new HashSet<Socket>();
        // One byte for each connection ten times a second keeps every one of them busy for ever.
        while (!over.Wait(attack is "loris" or "silent" ? 100 : 1))
        {
            foreach (Socket socket in sockets)
            {
                if (attack != "silent" && !cut.Contains(socket))
                    sent += Send(socket, block, cut);
            }
        }

        Console.WriteLine($"{sent} {cut.Count}");
        return 0;
    }

    private static int Send(Socket socket, byte[] block, HashSet<Socket> cut)
    {
        int sent = socket.Send(block, SocketFlags.None, out SocketError error);
        if (error is not (SocketError.Success or SocketError.WouldBlock))
            cut.Add(socket);
        return error == SocketError.Success ? sent : 0;
    }

    private static Socket Connect(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(IPAddress.Loopback, port);
        return socket;
    }
}
