using System.Collections.Concurrent;
using RxSockets.Operations;
using static RxSockets.Native.Windows.WindowsConstants;

namespace RxSockets.Engines.Iocp;

/// <summary>The engine over Winsock's extension functions and completion ports of its own. Thread-safe.</summary>
internal sealed class IocpEngine : CompletionEngine
{
    private readonly IocpLoop[] _loops;
    private readonly ConcurrentDictionary<(int Family, int Type, int Protocol), WinsockExtensions> _extensions = new();
    private readonly Func<WinsockExtensions, WinsockExtensions> _replace;

    private IocpEngine(CompletionPortOptions options, Action<Exception> unhandled, IWinsock winsock, Func<WinsockExtensions, WinsockExtensions>? replace)
    {
        Options = options;
        Unhandled = unhandled;
        Winsock = winsock;
        Transmits = new TransmitLimit(options.ConcurrentTransmits);
        _replace = replace ?? (static extensions => extensions);
        _loops = new IocpLoop[options.Loops];
        for (int i = 0; i < _loops.Length; i++)
        {
            try
            {
                _loops[i] = new IocpLoop(this, i);
            }
            catch
            {
                foreach (IocpLoop made in _loops.AsSpan(0, i))
                    made.Discard();
                throw;
            }
        }
    }

    public CompletionPortOptions Options { get; }

    public Action<Exception> Unhandled { get; }

    public IWinsock Winsock { get; }

    public TransmitLimit Transmits { get; }

    public override EngineKind Kind => EngineKind.Iocp;

    public override bool AcceptsWithFirstData => true;

    /// <summary>OVERLAPPED blocks that somebody holds; 0 once everything was closed.</summary>
    public int RentedBlocks => _loops.Sum(static loop => loop.Overlappeds.Rented);

    /// <summary>The loop that listeners live on.</summary>
    public IocpLoop FirstLoop => _loops[0];

    /// <summary>Null where the engine can run; else a sentence that says why not.</summary>
    public static string? Probe(IWinsock? winsock = null)
    {
        try
        {
            winsock ??= SystemWinsock.Instance;
        }
        catch (System.Net.Sockets.SocketException error)
        {
            return $"Winsock 2.2 does not start: {error.Message}";
        }

        int failure = winsock.CreateSocket(AF_INET, SOCK_STREAM, IPPROTO_TCP, out nint socket);
        if (failure != 0)
            return $"a TCP socket could not be made (error {failure}).";
        try
        {
            return WinsockExtensions.Load(winsock, socket).Missing is { } missing ? $"the TCP provider has no {missing}." : null;
        }
        finally
        {
            winsock.Close(socket);
        }
    }

    /// <summary>Makes the engine. <paramref name="replace"/> is asked for each table of extension functions when that was looked up: the seam of tests.</summary>
    public static IocpEngine Create(
        CompletionPortOptions options, Action<Exception> unhandled, IWinsock? winsock = null, Func<WinsockExtensions, WinsockExtensions>? replace = null)
    {
        var engine = new IocpEngine(options, unhandled, winsock ?? SystemWinsock.Instance, replace);
        foreach (IocpLoop loop in engine._loops)
            loop.Start();
        return engine;
    }

    /// <summary>The extension functions for sockets like this one.</summary>
    public WinsockExtensions Extensions(int family, int type, int protocol, nint socket)
    {
        if (_extensions.TryGetValue((family, type, protocol), out WinsockExtensions? known))
            return known;
        return _extensions.GetOrAdd((family, type, protocol), _replace(WinsockExtensions.Load(Winsock, socket)));
    }

    public override IReadOnlyList<CompletionLoop> Loops => _loops;

    public override EngineListener Listen(ListenRequest request, IListenerSink sink) => new IocpListener(this, request, sink);

    public override void StartConnect(ConnectRequest request, IConnectSink sink)
    {
        var connect = new IocpConnect(this, (request.Handle as IocpHandle)?.Loop ?? LeastLoaded(), request, sink);
        request.EngineState = connect;
        connect.Start();
    }

    public override EngineDatagramSocket BindDatagram(DatagramRequest request) => new IocpDatagramSocket(this, LeastLoaded(), request);

    public override void CancelConnect(ConnectRequest request) => (request.EngineState as IocpConnect)?.Cancel();

    public override void Schedule(CompletionWork work) => _loops[0].Schedule(work);

    public override async ValueTask ShutDownAsync()
    {
        foreach (IocpLoop loop in _loops)
            await loop.StopAsync().ConfigureAwait(false);
    }

    public IocpLoop LeastLoaded()
    {
        IocpLoop best = _loops[0];
        for (int i = 1; i < _loops.Length; i++)
        {
            if (_loops[i].Sockets < best.Sockets)
                best = _loops[i];
        }

        return best;
    }
}
