using System.Net.Sockets;
using RxSockets.Operations;

namespace RxSockets.Sockets;

/// <summary>The exceptions of sends and transmits that did not succeed.</summary>
internal static class WriteErrors
{
    public static Exception Create(Connection connection, WriteOperation operation, long sent, SocketError error, Exception? cause)
    {
        if (operation is TransmitOperation)
        {
            return operation.CancelRequested
                ? new TransmitCanceledException(sent, operation.CancellationToken)
                : new TransmitException(error, sent, connection.CreateError(error, $"transmitting, after {sent} bytes", cause).Message);
        }

        return operation.CancelRequested ? new OperationCanceledException(operation.CancellationToken) : connection.CreateError(error, "sending", cause);
    }
}
