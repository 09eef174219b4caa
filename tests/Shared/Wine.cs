using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace RxSockets.Testing;

/// <summary>
/// Whether the process runs under Wine, and what Wine gets wrong: each defect has a probe without this library, which is looked at before a case is
/// skipped for it, so that a Wine that has mended it runs the case. docs/windows.md lists them.
/// </summary>
internal static class Wine
{
    private static readonly Lazy<bool> s_isHere = new(static () =>
        OperatingSystem.IsWindows() && NativeLibrary.TryLoad("ntdll.dll", out nint ntdll) && NativeLibrary.TryGetExport(ntdll, "wine_get_version", out _));

    private static readonly Lazy<bool> s_losesResets = new(static () => IsHere && LosesReset());
    private static readonly Lazy<Task<bool>> s_keepsSends = new(static async () => IsHere && await KeepsSendAsync());

    private static readonly Lazy<bool> s_handlesStayUsed = new(static () => IsHere && HandleStaysUsed());

    public static bool IsHere => s_isHere.Value;

    /// <summary>Every call makes a trip to Wine's server: what is counted in thousands elsewhere is counted in hundreds here.</summary>
    public static int Scaled(int count, int underWine) => IsHere ? underWine : count;

    /// <summary>A reset that comes while no receive is pending reads as an end of stream: Wine's server takes the socket's error for itself.</summary>
    public static void SkipIfResetsAreLost() =>
        Assert.SkipWhen(s_losesResets.Value, "Wine: a reset that comes while no receive is pending reads as an end of stream (seen with a plain Socket just now).");

    /// <summary>A handle that is closed with a send in flight gives no completion before the peer closes.</summary>
    public static async Task SkipIfClosingKeepsSendsAsync() =>
        Assert.SkipWhen(await s_keepsSends.Value, "Wine: disposing a Socket does not end its pending send (seen with a plain Socket just now).");

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
