using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using RxSockets.Testing;

namespace RxSockets.Hunt;

/// <summary>
/// One of two datagram sockets that send to each other by every verb there is, while readers leave and come back. Datagrams may be lost and may overtake each other; what arrives
/// was sent, once, by the other, whole or said to be cut.
/// </summary>
internal sealed class DatagramPeer
{
    private const int HeaderBytes = 8;

    private readonly World _world;
    private readonly int _id;
    private readonly int _largest;
    private readonly RxDatagramSocket _socket;
    private readonly List<int> _sizes = [];
    private readonly List<SendOutcome> _outcomes = [];
    private readonly HashSet<int> _arrived = [];
    private DatagramPeer _other = null!;
    private IPEndPoint _endPoint = null!;
    private bool _isDisposed;

    private DatagramPeer(World world, int id, int largest, RxDatagramSocket socket) => (_world, _id, _largest, _socket) = (world, id, largest, socket);

    private SimulationRandom Random => _world.Random;

    /// <summary>Two peers that talk until both have sent what they had to say; nobody where there are no descriptors for them.</summary>
    public static async Task RunAsync(World world, CompletionPort serverPort, IPAddress server, IPAddress client)
    {
        DatagramPeer? first = null, second = null;
        try
        {
            first = Bind(world, 1, serverPort);
            second = Bind(world, 2, world.ClientPort);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.TooManyOpenSockets)
        {
        }

        if (first is not null && second is not null)
        {
            (first._other, second._other) = (second, first);
            first._endPoint = new IPEndPoint(server, first._socket.LocalEndPoint.Port);
            second._endPoint = new IPEndPoint(client, second._socket.LocalEndPoint.Port);
            world.DatagramPeers.Add(first);
            world.DatagramPeers.Add(second);
            await Task.WhenAll(first.TalkAsync(), second.TalkAsync());
        }

        foreach (DatagramPeer? peer in new[] { first, second })
        {
            if (peer is not null)
                await peer._socket.DisposeAsync();
        }
    }

    /// <summary>Everything has ended.</summary>
    public void Judge()
    {
        for (int number = 0; number < _outcomes.Count; number++)
            Check.That(_outcomes[number] != SendOutcome.Pending, $"datagram {number} of peer {_id} never ended");
        foreach (int number in _other._arrived)
            Check.That(_outcomes[number] == SendOutcome.Sent, $"datagram {number} of peer {_id} arrived, but its send failed");
    }

    private static DatagramPeer Bind(World world, int id, CompletionPort port)
    {
        int largest = world.Random.Pick([100, 1500, 65_527]);
        return new DatagramPeer(world, id, largest, RxDatagramSocket.Bind(new IPEndPoint(IPAddress.Any, 0), new DatagramOptions { CompletionPort = port, MaxDatagramSize = largest }));
    }

    private async Task TalkAsync()
    {
        Task reading = ReadAsync();
        bool connected = Random.Below(2) == 0;
        if (connected)
            await _socket.ConnectAsync(_other._endPoint);
        List<Task> sends = [];
        for (int i = Random.Below(1 + _world.Swarm.FramesPerStream); i > 0; i--)
        {
            Task sending = SendAsync(connected);
            sends.Add(sending);
            if (Random.Below(3) == 0)
                await sending;
            if (Random.Below(10) == 0)
                await _world.PauseAsync();
        }

        if (Random.Below(2) == 0)
            await Task.WhenAll(sends);
        await _world.PauseAsync();
        _isDisposed = true;
        await _socket.DisposeAsync();
        await Task.WhenAll(sends);
        await reading;
    }

    private async Task SendAsync(bool connected)
    {
        int number = _sizes.Count;
        byte[] datagram = new byte[HeaderBytes + Random.Below(_world.Swarm.LongestFrame)];
        _sizes.Add(datagram.Length);
        _outcomes.Add(SendOutcome.Pending);
        BinaryPrimitives.WriteInt32BigEndian(datagram, _id);
        BinaryPrimitives.WriteInt32BigEndian(datagram.AsSpan(4), number);
        for (int i = HeaderBytes; i < datagram.Length; i++)
            datagram[i] = StreamBook.Pattern(_id, number, direction: 0, i);
        using CancellationTokenSource? cancel = _world.MayCancel(8, 30);
        SendOutcome outcome = SendOutcome.Sent;
        try
        {
            CancellationToken token = cancel?.Token ?? default;
            if (!connected)
                await _socket.SendToAsync(datagram, _other._endPoint, token);
            else if (Random.Below(3) == 0)
                await _socket.TransmitPacketsAsync(new[] { TransmitPacket.FromMemory(datagram.AsMemory(0, 3)), TransmitPacket.FromMemory(datagram.AsMemory(3), endOfPacket: true) }, cancellationToken: token);
            else
                await _socket.SendAsync(datagram, token);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException || (error is OperationCanceledException && cancel is { IsCancellationRequested: true }))
        {
            outcome = SendOutcome.Failed;
        }

        Check.That(_outcomes[number] == SendOutcome.Pending, $"datagram {number} of peer {_id} ended twice");
        _outcomes[number] = outcome;
        // Whoever still reads the memory that was lent shows it.
        datagram.AsSpan().Fill(0xEE);
    }

    private async Task ReadAsync()
    {
        bool goOn = true;
        while (goOn)
        {
            int left = Random.Below(3) == 0 ? 1 + Random.Below(5) : int.MaxValue;
            using CancellationTokenSource? cancel = _world.MayCancel(4, 300);
            goOn = false;
            try
            {
                await foreach (ReceivedDatagram datagram in _socket.ReceiveAllAsync(cancel?.Token ?? default))
                {
                    Arrive(datagram);
                    if (Random.Below(6) == 0)
                        await _world.PauseAsync();
                    if (--left > 0)
                        continue;
                    goOn = true;
                    break;
                }
            }
            catch (OperationCanceledException) when (cancel is { IsCancellationRequested: true })
            {
                goOn = true;
            }
            catch (SocketException error) when (_isDisposed && error.SocketErrorCode == SocketError.OperationAborted)
            {
                // What was not read goes with the socket.
            }
        }
    }

    private void Arrive(in ReceivedDatagram datagram)
    {
        ReadOnlySpan<byte> bytes = datagram.Memory.Span;
        Check.That(datagram.RemoteEndPoint.Equals(_other._endPoint), $"peer {_id} heard {datagram.RemoteEndPoint}, not {_other._endPoint}");
        Check.That(bytes.Length >= HeaderBytes && BinaryPrimitives.ReadInt32BigEndian(bytes) == _other._id, $"peer {_id} heard what the other did not send");
        int number = BinaryPrimitives.ReadInt32BigEndian(bytes[4..]);
        Check.That(number >= 0 && number < _other._sizes.Count, $"datagram {number} of peer {_other._id} was never sent");
        Check.That(_arrived.Add(number), $"datagram {number} of peer {_other._id} arrived twice");
        int sent = _other._sizes[number];
        Check.That(bytes.Length == Math.Min(sent, _largest) && datagram.Truncated == sent > _largest, $"datagram {number} of {sent} bytes arrived as {bytes.Length}, truncated {datagram.Truncated}");
        for (int i = HeaderBytes; i < bytes.Length; i++)
            Check.That(bytes[i] == StreamBook.Pattern(_other._id, number, direction: 0, i), $"byte {i} of datagram {number} is {bytes[i]:x2}");
    }
}
