using System.Collections.Concurrent;
using System.Net.Sockets;
using RxSockets.Buffers;
using RxSockets.Engines;
using RxSockets.Operations;

namespace RxSockets.Tests.Engines.Iocp;

/// <summary>What an engine tells, as text, in order.</summary>
internal abstract class Recording
{
    private readonly BlockingCollection<string> _told = [];

    public string Next() => _told.TryTake(out string? told, TimeSpan.FromSeconds(20)) ? told : throw new TimeoutException("Nothing was told.");

    public int Waiting => _told.Count;

    protected void Tell(string text) => _told.Add(text);
}

internal sealed class SocketRecording : Recording, ISocketSink
{
    public RecycledHandle? Recycled { get; private set; }

    private List<byte>? _bytes;

    /// <summary>Where received bytes are collected.</summary>
    public void KeepBytesIn(List<byte> bytes) => _bytes = bytes;

    public void OnReceived(BufferLease buffer, bool more)
    {
        int length = buffer.Length;
        _bytes?.AddRange(buffer.Unread.Span);
        buffer.Release();
        Tell($"received {length} {(more ? "more" : "over")}");
    }

    public void OnReceiveEnded(SocketError error) => Tell($"receive ended {error}");

    public void OnReceiveStopped() => Tell("receive stopped");

    public void OnSendDue() => Tell("send due");

    public void OnSendCompleted(long bytes, SocketError error) => Tell($"sent {bytes} {error}");

    public void OnTransmitProgress(long bytes) => Tell($"progress {bytes}");

    public void OnRecycled(RecycledHandle? handle)
    {
        Recycled = handle;
        Tell(handle is null ? "recycled to accept" : "recycled");
    }

    public void OnClosed() => Tell("closed");
}

internal sealed class DatagramRecording : Recording, IDatagramSink
{
    /// <summary>Datagrams are kept here instead of released.</summary>
    public ConcurrentQueue<BufferLease>? Kept { get; init; }

    public void OnReceived(BufferLease datagram, bool more)
    {
        string text = $"received {datagram.Length}{(datagram.IsTruncated ? " cut" : "")} from {datagram.Sender.Length} {(more ? "more" : "over")}";
        if (Kept is null)
            datagram.Release();
        else
            Kept.Enqueue(datagram);
        Tell(text);
    }

    public void OnReceiveError(SocketError error) => Tell($"error {error}");

    public void OnReceiveStopped(SocketError error) => Tell($"stopped {error}");

    public void OnSendCompleted(int datagrams, SocketError error) => Tell($"sent {datagrams} {error}");

    public void OnClosed() => Tell("closed");
}

internal sealed class ListenerRecording : Recording, IListenerSink
{
    public ConcurrentQueue<EngineSocket> Accepted { get; } = new();

    public void OnAccepted(EngineSocket socket, BufferLease? firstData)
    {
        Accepted.Enqueue(socket);
        string data = firstData is null ? "" : $" first={firstData.Length}";
        firstData?.Release();
        Tell($"accepted {socket.RemoteEndPoint}{data}");
    }

    public void OnClientLost(SocketError error) => Tell($"lost {error}");

    public void OnAcceptStopped(SocketError error) => Tell($"stopped {error}");

    public void OnClosed() => Tell("closed");
}

internal sealed class ConnectRecording : Recording, IConnectSink
{
    public EngineSocket? Socket { get; private set; }

    public void OnConnected(EngineSocket? socket, int firstDataSent, SocketError error)
    {
        Socket = socket;
        Tell($"connected {firstDataSent} {error}");
    }
}
