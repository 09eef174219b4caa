using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using RxSockets.Benchmarks.Running;
using RxSockets.Benchmarks.Statistics;

namespace RxSockets.Benchmarks.Load;

/// <summary>
/// One run of a plan: one thread, many non-blocking sockets. It reports itself warm, measures when it is told to, and holds its connections until
/// it is told to end, so that the other side can look at the server before and after.
/// </summary>
internal sealed class LoadGenerator : IDisposable
{
    private const int MostErrors = 1000;
    private const double LongestWarmSeconds = 20;
    private static readonly TimeSpan s_lostAfter = TimeSpan.FromMilliseconds(100);

    private readonly LoadPlan _plan;
    private readonly Exchange _exchange;
    private readonly IPEndPoint _server;
    private readonly LoadConnection[] _connections;
    private readonly IPoller _poller = OperatingSystem.IsLinux() ? new EpollPoller() : new SelectPoller();
    private readonly Readiness[] _ready = new Readiness[512];
    private readonly LatencyHistogram _latencies = new();
    private readonly byte[] _request;
    private readonly byte[] _sink = new byte[1 << 20];
    // On Linux, TCP throws away what is received with this flag instead of copying it (tcp(7)): the load must keep up with sendfile.
    private readonly SocketFlags _receiveFlags;
    // A file or a MiB takes long beside the window: what is under way at its borders counts by its bytes.
    private readonly bool _inBytes;
    private int _finishedOnce;
    private long _operations;
    private long _bytes;
    private long _errors;
    private long _lost;

    public LoadGenerator(LoadPlan plan)
    {
        _plan = plan;
        _exchange = Exchange.Of(plan.Mode, plan.Bytes);
        _receiveFlags = OperatingSystem.IsLinux() && plan.Mode == LoadMode.File ? SocketFlags.Truncated : SocketFlags.None;
        _inBytes = _exchange.End == ExchangeEnd.Flows || plan.Mode == LoadMode.File;
        _server = new IPEndPoint(IPAddress.Loopback, plan.Port);
        _connections = [.. Enumerable.Range(0, plan.Connections).Select(static i => new LoadConnection(i))];
        // The first byte is what Pieces and Coalesced ask for.
        _request = new byte[Math.Max(1, _exchange.Request)];
        _request.AsSpan().Fill(plan.Mode == LoadMode.Coalesced ? (byte)'c' : (byte)'p');
    }

    /// <summary>Opens the connections and runs them for the time the plan gives them to warm up, and until each has ended an operation (of what counts in bytes: received some): a server that is still accepting is not what is measured.</summary>
    public void Warm()
    {
        foreach (LoadConnection connection in _connections)
        {
            Open(connection);
            // So that a server on the same core, or with a short backlog, keeps up with many.
            if (connection.Index % 64 == 63)
                Poll(0);
        }

        RunFor(_plan.WarmSeconds);
        long began = Stopwatch.GetTimestamp();
        while (_exchange.End != ExchangeEnd.Never && _finishedOnce < _connections.Length)
        {
            Poll(10);
            if (Stopwatch.GetElapsedTime(began).TotalSeconds > LongestWarmSeconds)
                throw new InvalidOperationException($"{_connections.Length - _finishedOnce} of {_connections.Length} connections ended no operation in {LongestWarmSeconds} s.");
        }
    }

    /// <summary>Runs on until the condition holds.</summary>
    public void RunUntil(Func<bool> condition)
    {
        while (!condition())
            Poll(10);
    }

    public LoadResult Measure()
    {
        _operations = _bytes = _errors = _lost = 0;
        _latencies.Clear();
        double server = ProcessCpu.SecondsOf(_plan.ServerId);
        double own = ProcessCpu.SecondsOf(Environment.ProcessId);
        long began = Stopwatch.GetTimestamp();
        RunFor(_plan.Seconds);
        // What takes longer than the window has a window that is longer.
        while (_operations == 0 && !(_inBytes && _bytes > 0) && _exchange.End != ExchangeEnd.Never && Stopwatch.GetElapsedTime(began).TotalSeconds < LongestWarmSeconds)
            Poll(1);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return new LoadResult(
            _inBytes ? _bytes / (double)_plan.Bytes : _operations, seconds, ProcessCpu.SecondsOf(_plan.ServerId) - server, ProcessCpu.SecondsOf(Environment.ProcessId) - own,
            _latencies.Quantile(0.5), _latencies.Quantile(0.99), _latencies.Quantile(0.999), _errors, _lost);
    }

    public void Dispose()
    {
        foreach (LoadConnection connection in _connections)
            connection.Socket?.Dispose();
        _poller.Dispose();
    }

    private void RunFor(double seconds)
    {
        long end = Stopwatch.GetTimestamp() + (long)(seconds * Stopwatch.Frequency);
        while (Stopwatch.GetTimestamp() < end)
            Poll(Math.Clamp((int)Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), end).TotalMilliseconds, 1, 20));
    }

    private void Poll(int milliseconds)
    {
        int count = _poller.Wait(milliseconds, _ready);
        for (int i = 0; i < count; i++)
        {
            LoadConnection connection = _connections[_ready[i].Index];
            try
            {
                if (_ready[i].CanWrite)
                    Send(connection);
                if (_ready[i].CanRead)
                    Receive(connection);
            }
            catch (SocketException)
            {
                Fail(connection);
            }
        }

        if (count == 0 && _plan.Mode == LoadMode.Datagram)
            SendLostAgain();
    }

    private void Open(LoadConnection connection)
    {
        connection.Began = Stopwatch.GetTimestamp();
        connection.Sent = connection.Received = 0;
        connection.WantsRoom = false;
        connection.Socket = LoadSockets.Open(_plan.Mode, _server);
        _poller.Add(connection.Socket, connection.Index);
        Send(connection);
    }

    private void Reopen(LoadConnection connection)
    {
        if (connection.Socket is { } socket)
        {
            _poller.Remove(socket, connection.Index);
            connection.Socket = null;
            socket.Dispose();
        }

        Open(connection);
    }

    private void Send(LoadConnection connection)
    {
        while (connection.Sent < _exchange.Request)
        {
            int sent = connection.Socket!.Send(_request.AsSpan((int)connection.Sent), SocketFlags.None, out SocketError error);
            if (error is not (SocketError.Success or SocketError.WouldBlock))
            {
                Fail(connection);
                return;
            }

            connection.Sent += sent;
            _bytes += sent;
            if (error == SocketError.WouldBlock)
                break;
        }

        bool full = connection.Sent < _exchange.Request;
        if (_exchange is { Reply: 0, End: ExchangeEnd.Flows } && !full)
        {
            Finish(connection);
            connection.Sent = 0;
            full = true;
        }

        if (full == connection.WantsRoom)
            return;
        connection.WantsRoom = full;
        _poller.WantsRoom(connection.Socket!, connection.Index, full);
    }

    private void Receive(LoadConnection connection)
    {
        if (connection.Socket is not { } socket)
            return;
        int received = socket.Receive(_sink, _receiveFlags, out SocketError error);
        if (error == SocketError.WouldBlock)
            return;
        bool ends = received == 0 && _plan.Mode != LoadMode.Datagram;
        connection.Received += received;
        _bytes += received;
        if (_inBytes && received > 0)
            Mark(connection);
        if (error != SocketError.Success || connection.Received > _exchange.Reply && _exchange.End != ExchangeEnd.Flows
            || ends && (connection.Received < _exchange.Reply || _exchange.End is not (ExchangeEnd.BothFins or ExchangeEnd.ServersFin)))
        {
            Fail(connection);
            return;
        }

        switch (_exchange.End)
        {
            case ExchangeEnd.Again when connection.Received == _exchange.Reply:
                Finish(connection);
                Send(connection);
                break;
            case ExchangeEnd.Flows:
                while (connection.Received >= _exchange.Reply)
                {
                    long over = connection.Received - _exchange.Reply;
                    Finish(connection);
                    connection.Received = over;
                }

                break;
            case ExchangeEnd.BothFins or ExchangeEnd.ServersFin when ends:
                Finish(connection);
                Reopen(connection);
                break;
            case ExchangeEnd.BothFins when connection.Received == _exchange.Reply:
                socket.Shutdown(SocketShutdown.Send);
                break;
        }
    }

    private void Finish(LoadConnection connection)
    {
        long now = Stopwatch.GetTimestamp();
        _latencies.Record((now - connection.Began) * 1_000_000 / Stopwatch.Frequency);
        _operations++;
        Mark(connection);
        connection.Began = now;
        connection.Sent = connection.Received = 0;
    }

    private void Mark(LoadConnection connection)
    {
        if (connection.HasFinished)
            return;
        connection.HasFinished = true;
        _finishedOnce++;
    }

    private void Fail(LoadConnection connection)
    {
        if (++_errors > MostErrors)
            throw new InvalidOperationException($"More than {MostErrors} connections failed.");
        Reopen(connection);
    }

    private void SendLostAgain()
    {
        foreach (LoadConnection connection in _connections)
        {
            if (Stopwatch.GetElapsedTime(connection.Began) < s_lostAfter)
                continue;
            _lost++;
            connection.Began = Stopwatch.GetTimestamp();
            connection.Sent = connection.Received = 0;
            Send(connection);
        }
    }
}
