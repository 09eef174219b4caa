using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace RxSockets.Testing;

/// <summary>
/// Whether the process runs under Wine, and what Wine gets wrong: each defect but one has a probe without this library, which is looked at before a case
/// is skipped for it, so that a Wine that has mended it runs the case. docs/windows.md lists them.
/// </summary>
internal static class Wine
{
    private static readonly Lazy<bool> s_isHere = new(static () =>
        OperatingSystem.IsWindows() && NativeLibrary.TryLoad("ntdll.dll", out nint ntdll) && NativeLibrary.TryGetExport(ntdll, "wine_get_version", out _));

    private static readonly Lazy<bool> s_losesResets = new(static () => IsHere && LosesReset());
    private static readonly Lazy<Task<bool>> s_keepsSends = new(static async () => IsHere && await KeepsSendAsync());
    private static readonly Lazy<bool> s_handlesStayUsed = new(static () => IsHere && HandleStaysUsed());

    private static readonly Lazy<Task<bool>> s_stopsReceiving = new(static async () => IsHere && await StopsReceivingAsync());
    private static readonly Lazy<bool> s_knowsNoNumbers = new(static () => IsHere && KnowsNoNumbers());

    public static bool IsHere => s_isHere.Value;

    /// <summary>Every call makes a trip to Wine's server: what is counted in thousands elsewhere is counted in hundreds here.</summary>
    public static int Scaled(int count, int underWine) => IsHere ? underWine : count;

    /// <summary>A reset that comes while no receive is pending reads as an end of stream: Wine's server takes the socket's error for itself.</summary>
    public static void SkipIfResetsAreLost() =>
        Assert.SkipWhen(s_losesResets.Value, "Wine: a reset that comes while no receive is pending reads as an end of stream (seen with a plain Socket just now).");

    /// <summary>A handle that is closed with a send in flight gives no completion before the peer closes.</summary>
    public static async Task SkipIfClosingKeepsSendsAsync() =>
        Assert.SkipWhen(await s_keepsSends.Value, "Wine: disposing a Socket does not end its pending send (seen with a plain Socket just now).");

    /// <summary>
    /// A reset that comes while an overlapped send is being tried leaves the send pending for good. Wine's server (server/sock.c, the same in 8.0 and 10.17)
    /// lets the client call sendmsg, and meanwhile does not count the send as waiting: a reset that it sees then wakes nobody, and what the client
    /// reports as pending afterwards is not polled for, as the socket is "aborted" (sock_poll_event, sock_get_poll_events).
    /// No probe: it would be a race like the case itself. A plain Socket showed it in 8 to 23 of 40 tries, on a busy machine in 4 and 7, on one core in none.
    /// </summary>
    public static void SkipForStrandedSends() =>
        Assert.SkipWhen(IsHere, "Wine: a send that is being tried when the reset comes never ends (docs/windows.md).");

    /// <summary>DisconnectEx with TF_REUSE_SOCKET succeeds, and the handle stays what it was: connecting it again says that it is connected.</summary>
    public static void SkipIfHandlesStayUsed() =>
        Assert.SkipWhen(s_handlesStayUsed.Value, "Wine: a handle cannot be connected again after DisconnectEx with TF_REUSE_SOCKET (seen with a plain Socket just now).");

    private static bool HandleStaysUsed()
    {
        (Socket near, Socket far) = Pair();
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        using (near)
        using (far)
        {
            far.Shutdown(SocketShutdown.Send);
            try
            {
                near.Disconnect(reuseSocket: true);
                near.Connect(listener.LocalEndPoint!);
                return false;
            }
            catch (Exception error) when (error is SocketException or InvalidOperationException or PlatformNotSupportedException)
            {
                return true;
            }
        }
    }

    /// <summary>Once a receive of a datagram socket has ended with port unreachable, the next one never ends: Wine's server does not look at the socket any more.</summary>
    public static async Task SkipIfUnreachableStopsReceivingAsync() => Assert.SkipWhen(
        await s_stopsReceiving.Value, "Wine: after port unreachable a datagram socket's receive hears of no datagram (seen with a plain Socket just now).");

    /// <summary>Multicast options take an interface by its address only; Windows also takes its number, as System.Net.Sockets gives it.</summary>
    public static void SkipIfInterfacesHaveNoNumbers() => Assert.SkipWhen(
        s_knowsNoNumbers.Value, "Wine: multicast options refuse the number of an interface, and take its address (seen with a plain Socket just now).");

    private static async Task<bool> StopsReceivingAsync()
    {
        using Socket socket = Datagrams(0);
        EndPoint gone;
        using (Socket nobody = Datagrams(0))
            gone = nobody.LocalEndPoint!;
        await socket.ConnectAsync(gone);
        Task<int> unreachable = socket.ReceiveAsync(new byte[1]);
        _ = await socket.SendAsync(new byte[1]);
        if (await Task.WhenAny(unreachable, Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System)) != unreachable || unreachable.IsCompletedSuccessfully)
            return false;
        _ = unreachable.Exception;
        Task<int> receiving = socket.ReceiveAsync(new byte[1]);
        using Socket late = Datagrams(((IPEndPoint)gone).Port);
        late.SendTo(new byte[1], socket.LocalEndPoint!);
        return await Task.WhenAny(receiving, Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System)) != receiving;
    }

    private static bool KnowsNoNumbers()
    {
        int index = System.Net.NetworkInformation.NetworkInterface.LoopbackInterfaceIndex;
        using Socket socket = Datagrams(0);
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, BitConverter.ToInt32(IPAddress.Loopback.GetAddressBytes()));
        try
        {
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.HostToNetworkOrder(index));
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    private static Socket Datagrams(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        return socket;
    }

    private static bool LosesReset()
    {
        (Socket near, Socket far) = Pair();
        using (near)
        {
            far.LingerState = new LingerOption(enable: true, seconds: 0);
            far.Dispose();
            near.ReceiveTimeout = 5000;
            try
            {
                return near.Receive(new byte[1]) == 0;
            }
            catch (SocketException)
            {
                return false;
            }
        }
    }

    private static async Task<bool> KeepsSendAsync()
    {
        (Socket near, Socket far) = Pair();
        using (far)
        {
            Task sending;
            do
            {
                sending = near.SendAsync(new byte[1 << 20]);
            }
            while (await Task.WhenAny(sending, Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System)) == sending);
            near.Dispose();
            return await Task.WhenAny(sending, Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System)) != sending;
        }
    }

    private static (Socket Near, Socket Far) Pair()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var near = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        near.Connect(listener.LocalEndPoint!);
        return (near, listener.Accept());
    }
}
