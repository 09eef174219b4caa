using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using RxSockets.Operations;
using RxSockets.Sockets;
using RxSockets.Streams;

namespace RxSockets;

/// <content>TransmitFile, TransmitPackets, and the stream of what was transmitted.</content>
public sealed partial class RxConnection
{
    /// <summary>
    /// Every send and transmit of this connection as it ends. Hot: what ended before somebody listens is not told; any number of listeners. Completes with the
    /// connection's life. Pushed serially where completions run; a listener that is 1,024 completions behind misses the oldest. Costs nothing while nobody listens.
    /// </summary>
    public IObservable<TransmitCompletion> Transmitted => new TransmittedObservable(_core.Write.Hub);

    /// <summary>The same, pulled: listening begins with GetAsyncEnumerator (<c>await foreach</c>).</summary>
    public IAsyncEnumerable<TransmitCompletion> TransmittedAllAsync(CancellationToken cancellationToken = default) =>
        new TransmittedEnumerable(_core.Write.Hub, cancellationToken);

    /// <summary>
    /// Sends head, file range and tail as one burst, whole and in call order with every other send. The file's bytes do not pass through managed memory
    /// (the managed engine copies them). Open the file with <see cref="FileOptions.SequentialScan"/>: it is read in order. What is not in the page cache is sent by
    /// worker threads. Memory and handle are borrowed until the call ends; do not shorten the file meanwhile. Native: TransmitFile.
    /// </summary>
    /// <param name="file">The open file; null sends head and tail only.</param>
    /// <param name="options">Read when the call is made; null for the whole file alone.</param>
    /// <param name="cancellationToken">Cancelling a transmit that waits its turn withdraws it; one that began leaves only <see cref="Abort"/>.</param>
    /// <exception cref="TransmitException">InvalidArgument: flags that exclude each other, a range that is not in the file, a file that became shorter; else as SendAsync.</exception>
    /// <exception cref="TransmitCanceledException">The token was cancelled first.</exception>
    public ValueTask<TransmitResult> TransmitFileAsync(
        SafeFileHandle? file, FileTransmitOptions? options = null, CancellationToken cancellationToken = default)
    {
        try
        {
            options ??= s_wholeFile;
            TransmitOperation operation = TransmitArguments.File(file, options);
            if (options.Progress is { } progress)
                operation.ListenTo(progress, _core.Port.Unhandled);
            return TransmitAsync(operation, cancellationToken);
        }
        catch (TransmitException error)
        {
            return ValueTask.FromException<TransmitResult>(error);
        }
    }

    /// <summary>
    /// Sends memory and file ranges as one burst, whole and in call order with every other send. As <see cref="TransmitFileAsync"/>. Native: TransmitPackets.
    /// </summary>
    /// <param name="packets">The elements; read when the call is made.</param>
    /// <param name="sendSize">Most bytes of one send request; 0: the engine's choice; <see cref="TransmitPacket.SendSizePerPacket"/>: each EndOfPacket ends one.</param>
    /// <param name="flags">What else the transmit does; not WriteBehind.</param>
    /// <param name="cancellationToken">As for TransmitFileAsync.</param>
    /// <exception cref="TransmitException">As TransmitFileAsync.</exception>
    /// <exception cref="TransmitCanceledException">The token was cancelled first.</exception>
    public ValueTask<TransmitResult> TransmitPacketsAsync(
        ReadOnlyMemory<TransmitPacket> packets, int sendSize = 0, TransmitFlags flags = TransmitFlags.None, CancellationToken cancellationToken = default)
    {
        try
        {
            return TransmitAsync(TransmitArguments.Packets(packets, sendSize, flags), cancellationToken);
        }
        catch (TransmitException error)
        {
            return ValueTask.FromException<TransmitResult>(error);
        }
    }

    private static readonly FileTransmitOptions s_wholeFile = new();

    private ValueTask<TransmitResult> TransmitAsync(TransmitOperation operation, CancellationToken token)
    {
        if (token.IsCancellationRequested)
        {
            operation.Abandon();
            return ValueTask.FromException<TransmitResult>(new TransmitCanceledException(0, token));
        }

        TransmitFlags flags = operation.Batch.Flags;
        Connection core = _core;
        ValueTask<TransmitResult> transmitting = core.TransmitAsync(operation, token);
        return (flags & TransmitFlags.Disconnect) == 0 ? transmitting : DisconnectAfterAsync(core, transmitting, flags, token);
    }

    // The FIN went behind the last byte already; what is left is the end of the other direction.
    private static async ValueTask<TransmitResult> DisconnectAfterAsync(
        Connection core, ValueTask<TransmitResult> transmitting, TransmitFlags flags, CancellationToken token)
    {
        TransmitResult result = await transmitting.ConfigureAwait(false);
        if ((flags & TransmitFlags.ReuseSocket) == 0)
        {
            core.EndInBackground();
            return result;
        }

        try
        {
            return result with { SocketKept = await core.DisconnectAsync(reuseSocket: true, token).ConfigureAwait(false) };
        }
        catch (OperationCanceledException)
        {
            core.EndInBackground();
            throw new TransmitCanceledException(result.BytesTransmitted, token);
        }
        catch (SocketException)
        {
            // The connection failed after its last byte was taken: there is no handle to keep, and how it ended is told by Closed.
            return result;
        }
    }
}
