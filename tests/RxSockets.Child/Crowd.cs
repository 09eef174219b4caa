using System.Net;
using System.Net.Sockets;

/// <summary>Many clients, most of them silent.</summary>
internal static class Crowd
{
    public static int Run(int port, int count, int speaking)
    {
        List<Socket> clients = [];
        for (int i = 0; i < count; i++)
        {
            var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            client.Connect(IPAddress.Loopback, port);
            if (i < speaking)
                client.Send("x"u8);
            clients.Add(client);
        }

        Console.WriteLine("connected");
        while (Console.ReadLine() is not null)
        {
        }

        int silentReset = clients.Skip(speaking).Count(IsReset);
        int speakingReset = clients.Take(speaking).Count(IsReset);
        Console.WriteLine($"reset {silentReset} silent, {speakingReset} speaking");
        return 0;
    }

    private static bool IsReset(Socket client)
    {
        client.Blocking = false;
        try
        {
            client.Receive(new byte[1]);
            return false;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode == SocketError.ConnectionReset;
        }
    }
}
