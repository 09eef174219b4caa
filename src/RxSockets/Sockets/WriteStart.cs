using System.Net.Sockets;
using RxSockets.Engines;
using RxSockets.Operations;

namespace RxSockets.Sockets;

/// <summary>
/// What came of handing a batch to an engine: it pends, or it ended with so many bytes. <see cref="Unusable"/>: nothing was started, because the owner of the
/// memory threw when it was pinned.
/// </summary>
internal readonly record struct WriteStart(bool Pends, long Sent, SocketError Error, Exception? Unusable)
{
    public static WriteStart Of(EngineSocket socket, SendBatch batch)
    {
        try
        {
            bool pends = socket.StartSend(batch, out long sent, out SocketError error);
            return new WriteStart(pends, sent, error, null);
        }
        catch (Exception unusable)
        {
            return new WriteStart(false, 0, SocketError.Fault, unusable);
        }
    }

    public static WriteStart Of(EngineSocket socket, TransmitBatch batch)
    {
        try
        {
            bool pends = socket.StartTransmit(batch, out long sent, out SocketError error);
            return new WriteStart(pends, sent, error, null);
        }
        catch (Exception unusable)
        {
            return new WriteStart(false, 0, SocketError.Fault, unusable);
        }
    }

    public static WriteStart Of(EngineDatagramSocket socket, DatagramBatch batch)
    {
        try
        {
            bool pends = socket.StartSend(batch, out int sent, out SocketError error);
            return new WriteStart(pends, sent, error, null);
        }
        catch (Exception unusable)
        {
            return new WriteStart(false, 0, SocketError.Fault, unusable);
        }
    }
}
