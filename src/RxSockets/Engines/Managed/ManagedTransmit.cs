using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Operations;

namespace RxSockets.Engines.Managed;

/// <summary>
/// The transmit of a socket: memory is sent as it is, files are read into a rented buffer and sent from there. Weaker than the other engines: file bytes pass
/// through managed memory, which costs two to two and a half times the CPU of sendfile. Socket.SendFileAsync would not, but it neither tells how much had left when it was
/// cancelled nor takes a range of an open handle. Memory and file bytes up to a buffer leave in one send; beyond that TCP_CORK (Linux) keeps one burst.
/// </summary>
internal sealed class ManagedTransmit(ManagedSocket owner) : SocketAsyncEventArgs(true)
{
    private const int TcpLevel = 6;
    private const int LinuxTcpCork = 3;

    private readonly ManualResetSocketSend _sending = new();
    private TransmitBatch _batch = null!;
    private long _sent;
    private long _told;

    /// <summary>Always pends: reading files is asynchronous.</summary>
    public void Start(TransmitBatch batch)
    {
        _batch = batch;
        _sent = 0;
        _told = 0;
        ThreadPool.UnsafeQueueUserWorkItem(static transmit => _ = transmit.RunAsync(), this, preferLocal: false);
    }

    protected override void OnCompleted(SocketAsyncEventArgs e) => _sending.Complete();

    private async Task RunAsync()
    {
        byte[] buffer = TransmitBuffers.Rent(_batch.Bytes);
        SocketError error;
        bool corked = _batch.Bytes > buffer.Length && Cork(true);
        try
        {
            error = await SendAllAsync(buffer).ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            error = SocketError.OperationAborted;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The disk failed, not the socket.
            error = SocketError.SocketError;
        }
        catch (Exception)
        {
            // The owner of a piece threw, or of the file's handle.
            error = SocketError.Fault;
        }

        if (corked && error == SocketError.Success)
            Cork(false);
        TransmitBuffers.Return(buffer);
        SetBuffer(default);
        owner.BeginTelling(Verb.Transmit);
        owner.Sink.OnSendCompleted(_sent, error);
        owner.EndTelling();
    }

    // Pieces are gathered in the buffer until it is full or the packet ends, so that small ones leave together.
    private async ValueTask<SocketError> SendAllAsync(byte[] buffer)
    {
        int most = _batch.SendSize > 0 ? Math.Min(buffer.Length, _batch.SendSize) : buffer.Length;
        int filled = 0;
        for (int i = 0; i < _batch.Count; i++)
        {
            TransmitElement element = _batch.Elements[i];
            for (long at = 0; at < element.Count;)
            {
                if (filled == most)
                {
                    SocketError error = await SendAsync(buffer.AsMemory(0, filled)).ConfigureAwait(false);
                    if (error != SocketError.Success)
                        return error;
                    filled = 0;
                }

                int count = (int)Math.Min(element.Count - at, most - filled);
                if (element.File is null)
                    element.Memory.Slice((int)at, count).CopyTo(buffer.AsMemory(filled));
                else
                    count = await RandomAccess.ReadAsync(element.File, buffer.AsMemory(filled, count), element.Offset + at).ConfigureAwait(false);
                if (count == 0)
                    return await EndEarlyAsync(buffer.AsMemory(0, filled)).ConfigureAwait(false);
                filled += count;
                at += count;
            }

            if (filled > 0 && element.EndOfPacket && _batch.SendSize == TransmitPacket.SendSizePerPacket)
            {
                SocketError error = await SendAsync(buffer.AsMemory(0, filled)).ConfigureAwait(false);
                if (error != SocketError.Success)
                    return error;
                filled = 0;
            }
        }

        return filled == 0 ? SocketError.Success : await SendAsync(buffer.AsMemory(0, filled)).ConfigureAwait(false);
    }

    // The file became shorter: what was read of it still leaves, as it does where the kernel sends.
    private async ValueTask<SocketError> EndEarlyAsync(ReadOnlyMemory<byte> rest)
    {
        SocketError error = rest.IsEmpty ? SocketError.Success : await SendAsync(rest).ConfigureAwait(false);
        return error == SocketError.Success ? SocketError.InvalidArgument : error;
    }

    private async ValueTask<SocketError> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            SetBuffer(MemoryMarshal.AsMemory(bytes));
            _sending.Reset();
            if (owner.Socket.SendAsync(this))
                await _sending.Task.ConfigureAwait(false);
            // Also a failed send tells what the kernel had taken.
            _sent += BytesTransferred;
            if (SocketError != SocketError.Success)
                return owner.ToSendError(SocketError);
            bytes = bytes[BytesTransferred..];
        }

        if (_sent != _told)
        {
            _told = _sent;
            owner.TellProgress(_sent);
        }

        return SocketError.Success;
    }

    private bool Cork(bool on)
    {
        if (!OperatingSystem.IsLinux() || owner.Socket.AddressFamily == AddressFamily.Unix)
            return false;
        try
        {
            owner.Socket.SetRawSocketOption(TcpLevel, LinuxTcpCork, BitConverter.GetBytes(on ? 1 : 0));
            return true;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }
}
