using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RxSockets.Examples;

/// <summary>What clients and origins do with their plain sockets. Every wait has a limit.</summary>
internal static class Peer
{
    public static TimeSpan Limit { get; } = TimeSpan.FromSeconds(40);

    public static Socket Listen(IPAddress? address = null, int backlog = 64)
    {
        var listener = new Socket((address ?? IPAddress.Loopback).AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(address ?? IPAddress.Loopback, 0));
        listener.Listen(backlog);
        return listener;
    }

    public static async Task<Socket> TakeAsync(Socket listener) => await listener.AcceptAsync().WaitAsync(Limit);

    public static async Task<Socket> ConnectAsync(EndPoint endPoint, IPAddress? from = null)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, endPoint is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp);
        if (from is not null)
            socket.Bind(new IPEndPoint(from, 0));
        await socket.ConnectAsync(endPoint).WaitAsync(Limit);
        return socket;
    }

    public static async Task SayAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        for (int sent = 0; sent < bytes.Length;)
            sent += await socket.SendAsync(bytes[sent..]).AsTask().WaitAsync(Limit);
    }

    public static Task SayAsync(Socket socket, string text) => SayAsync(socket, Encoding.Latin1.GetBytes(text));

    public static async Task SayAllAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        await SayAsync(socket, bytes);
        socket.Shutdown(SocketShutdown.Send);
    }

    public static async Task<byte[]> HearAsync(Socket socket, int count)
    {
        byte[] bytes = new byte[count];
        for (int at = 0; at < count;)
        {
            int received = await socket.ReceiveAsync(bytes.AsMemory(at)).AsTask().WaitAsync(Limit);
            Assert.True(received > 0, $"The end after {at} of {count} bytes.");
            at += received;
        }

        return bytes;
    }

    public static async Task<string> HearTextAsync(Socket socket, int count) => Encoding.Latin1.GetString(await HearAsync(socket, count));

    public static async Task<byte[]> HearAllAsync(Socket socket)
    {
        using var all = new MemoryStream();
        byte[] bytes = new byte[65536];
        while (await socket.ReceiveAsync(bytes.AsMemory()).AsTask().WaitAsync(Limit) is var count and > 0)
            all.Write(bytes, 0, count);
        return all.ToArray();
    }

    /// <summary>Reads to the end, and that is what is expected.</summary>
    public static async Task HearAllAsync(Socket socket, byte[] expected)
    {
        byte[] heard = await HearAllAsync(socket);
        Assert.True(expected.AsSpan().SequenceEqual(heard), $"{heard.Length} bytes for {expected.Length}, or other ones");
    }

    /// <summary>Reads up to the reset; an orderly end is none.</summary>
    public static async Task HearResetAsync(Socket socket)
    {
        byte[] bytes = new byte[65536];
        SocketException reset = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            while (await socket.ReceiveAsync(bytes.AsMemory()).AsTask().WaitAsync(Limit) > 0)
            {
            }
        });
        Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
    }

    public static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Dispose();
    }

    /// <summary>One byte there and one back: what is between the two works.</summary>
    public static async Task ExchangeAsync(Socket one, Socket other)
    {
        await SayAsync(one, "a");
        Assert.Equal("a", await HearTextAsync(other, 1));
        await SayAsync(other, "b");
        Assert.Equal("b", await HearTextAsync(one, 1));
    }
}
