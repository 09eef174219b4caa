using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace RxSockets.Examples;

/// <summary>
/// A real HAProxy in TCP mode before one server. It inherits a listening socket, so there is no port to guess and nothing to wait for. Disposal ends it.
/// </summary>
internal sealed class HAProxy : IAsyncDisposable
{
    private const string Program = "/usr/sbin/haproxy";
    private const int F_SETFD = 2;

    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly string _configuration;

    private HAProxy(Process process, Socket listener, string configuration)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
        _configuration = configuration;
        EndPoint = $"{listener.LocalEndPoint}";
    }

    public string EndPoint { get; }

    /// <param name="to">Its server.</param>
    /// <param name="bindOptions">accept-proxy, or none.</param>
    /// <param name="serverOptions">send-proxy, send-proxy-v2, ...</param>
    public static HAProxy Start(string to, string bindOptions, string serverOptions)
    {
        Assert.SkipUnless(File.Exists(Program), "haproxy is not on this machine.");
        using Socket listener = Peer.Listen();
        int descriptor = (int)listener.Handle;
        string configuration = Path.GetTempFileName();
        File.WriteAllText(configuration, string.Create(CultureInfo.InvariantCulture, $"""
            global
                maxconn 100
            defaults
                mode tcp
                timeout connect 30s
                timeout client 60s
                timeout server 60s
            listen tested
                bind fd@{descriptor} {bindOptions}
                server origin {to} {serverOptions}

            """));
        // Not to be closed by the exec; in the children that are not haproxy it stays open until they end.
        Assert.Equal(0, fcntl(descriptor, F_SETFD, 0));
        Process process = Process.Start(new ProcessStartInfo(Program, ["-db", "-q", "-f", configuration]) { RedirectStandardError = true })!;
        return new HAProxy(process, listener, configuration);
    }

    public async ValueTask DisposeAsync()
    {
        // Its own complaints are the best explanation of a test that failed.
        bool ended = _process.HasExited;
        if (!ended)
            _process.Kill();
        await _process.WaitForExitAsync().WaitAsync(Peer.Limit);
        string errors = await _errors.WaitAsync(Peer.Limit);
        _process.Dispose();
        File.Delete(_configuration);
        Assert.False(ended, $"haproxy ended by itself: {errors}");
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int fcntl(int descriptor, int command, int argument);
}
