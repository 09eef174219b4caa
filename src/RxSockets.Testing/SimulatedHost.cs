using System.Net;
using System.Net.Sockets;

namespace RxSockets.Testing;

/// <summary>
/// A machine of a <see cref="SimulatedNetwork"/>: an address of each family, ports and descriptors of its own. Loopback and any-addresses mean this host, Unix names
/// are its own.
/// </summary>
public sealed class SimulatedHost
{
    // Above what Linux gives out, so that a port of a simulation is not one of the machine it runs on.
    private const int FirstEphemeral = 61000;

    private readonly Dictionary<string, SimulatedListener> _unix = [];
    private readonly List<SimulatedListener> _listeners = [];
    private readonly HashSet<(bool Datagram, int Port)> _bound = [];
    private int _lastPort = FirstEphemeral - 1;

    internal SimulatedHost(SimulatedNetwork network, string name, int number)
    {
        Network = network;
        Name = name;
        Address = new IPAddress([10, 0, (byte)(number >> 8), (byte)number]);
        AddressV6 = new IPAddress([0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte)(number >> 8), (byte)number]);
    }

    /// <summary>The network it belongs to.</summary>
    public SimulatedNetwork Network { get; }

    /// <summary>For the trace.</summary>
    public string Name { get; }

    /// <summary>Its IPv4 address.</summary>
    public IPAddress Address { get; }

    /// <summary>Its IPv6 address.</summary>
    public IPAddress AddressV6 { get; }

    /// <summary>Descriptors in use: listeners, connections, datagram sockets, connects under way, kept handles.</summary>
    public int OpenDescriptors { get; private set; }

    internal List<SimulatedEngine> Engines { get; } = [];

    internal Dictionary<int, SimulatedDatagramSocket> Datagrams { get; } = [];

    /// <summary>
    /// A port of this host, as <see cref="CompletionPort.Create"/> makes one: what is bound or connected with it lives on the simulated network. Its clock is the network's, unless
    /// the options name one of their own. Use and dispose it inside a run. <see cref="CompletionPort.Engine"/> is <see cref="EngineKind.Simulated"/>.
    /// </summary>
    /// <param name="options">As for any port; <see cref="CompletionPortOptions.Engine"/> and what concerns rings is ignored.</param>
    public CompletionPort CreatePort(CompletionPortOptions? options = null) =>
        CompletionPort.CreateOver(options ?? new CompletionPortOptions(), (validated, unhandled) =>
        {
            if (validated.TimeProvider == TimeProvider.System && !Network.Loop.IsLive)
                validated.TimeProvider = Network.TimeProvider;
            var engine = new SimulatedEngine(this, validated, unhandled);
            lock (Network.Loop.Sync)
                Engines.Add(engine);
            return (engine, $"simulated, seed {Network.Seed}, host {Name}");
        });

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    internal bool TryOpenDescriptor()
    {
        if (OpenDescriptors >= Network.Options.DescriptorsPerHost)
            return false;
        OpenDescriptors++;
        return true;
    }

    internal void CloseDescriptor() => OpenDescriptors--;

    internal EndPoint Bind(EndPoint asked, SimulatedListener listener)
    {
        if (asked is UnixDomainSocketEndPoint)
        {
            if (!_unix.TryAdd(asked.ToString()!, listener))
                throw new SocketException((int)SocketError.AddressAlreadyInUse);
            return asked;
        }

        IPEndPoint local = BindPort((IPEndPoint)asked, datagram: false);
        _listeners.Add(listener);
        return local;
    }

    internal void Unbind(SimulatedListener listener)
    {
        if (listener.LocalEndPoint is IPEndPoint local)
            UnbindPort(local, datagram: false);
        else
            _unix.Remove(listener.LocalEndPoint.ToString()!);
        _listeners.Remove(listener);
    }

    internal IPEndPoint BindPort(IPEndPoint asked, bool datagram)
    {
        if (!IsOwn(asked.Address) && !IsAny(asked.Address))
            throw new SocketException((int)SocketError.AddressNotAvailable);
        int port = asked.Port == 0 ? NextPort(datagram) : asked.Port;
        if (!_bound.Add((datagram, port)))
            throw new SocketException((int)SocketError.AddressAlreadyInUse);
        return new IPEndPoint(asked.Address, port);
    }

    internal void UnbindPort(IPEndPoint local, bool datagram) => _bound.Remove((datagram, local.Port));

    internal bool IsOwn(IPAddress address) => IPAddress.IsLoopback(address) || Unmapped.Of(address).Equals(Address) || address.Equals(AddressV6);

    /// <summary>The host that an address means from here; null when nobody has it.</summary>
    internal SimulatedHost? Route(EndPoint remote) =>
        remote is not IPEndPoint ip || IsOwn(ip.Address) || IsAny(ip.Address) ? this : Network.FindHost(Unmapped.Of(ip.Address));

    internal SimulatedListener? FindListener(EndPoint remote)
    {
        if (remote is not IPEndPoint ip)
            return _unix.GetValueOrDefault(remote.ToString()!);
        return _listeners.Find(listener => listener.LocalEndPoint is IPEndPoint local && local.Port == ip.Port && Hears(local.Address, Unmapped.Of(ip.Address), listener.IsDualMode));
    }

    /// <summary>The local endpoint of a connection to the remote one.</summary>
    internal SocketError LocalFor(EndPoint remote, EndPoint? asked, out EndPoint local)
    {
        local = asked ?? remote;
        if (remote is not IPEndPoint ip)
        {
            local = new UnixDomainSocketEndPoint("\0");
            return SocketError.Success;
        }

        IPAddress address = ip.AddressFamily == AddressFamily.InterNetwork
            ? IPAddress.IsLoopback(ip.Address) ? IPAddress.Loopback : Address
            : IPAddress.IsLoopback(ip.Address) ? IPAddress.IPv6Loopback : AddressV6;
        var bound = asked as IPEndPoint;
        if (bound is not null && !IsAny(bound.Address))
        {
            if (!IsOwn(bound.Address))
                return SocketError.AddressNotAvailable;
            address = bound.Address;
        }

        if (bound is { Port: > 0 } && _bound.Contains((false, bound.Port)))
            return SocketError.AddressAlreadyInUse;
        local = new IPEndPoint(address, bound is { Port: > 0 } ? bound.Port : NextPort(datagram: false));
        return SocketError.Success;
    }

    internal int NextPort(bool datagram)
    {
        do
        {
            _lastPort = _lastPort == ushort.MaxValue ? FirstEphemeral : _lastPort + 1;
        }
        while (_bound.Contains((datagram, _lastPort)));
        return _lastPort;
    }

    private bool Hears(IPAddress bound, IPAddress wanted, bool dualMode)
    {
        if (bound.AddressFamily != wanted.AddressFamily && !(dualMode && bound.Equals(IPAddress.IPv6Any)))
            return false;
        // To connect to no address in particular is to connect to loopback.
        IPAddress meant = wanted.Equals(IPAddress.Any) ? IPAddress.Loopback : wanted.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : wanted;
        return IsAny(bound) || Unmapped.Of(bound).Equals(meant);
    }

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}
