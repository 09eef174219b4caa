using System.Net.Sockets;
using RxSockets.Operations;

namespace RxSockets.Sockets;

/// <summary>The exceptions of sends and transmits that did not succeed.</summary>
internal static class WriteErrors
{
    /// <summary>Failures that the peer cannot know of, unlike those it caused: an end in order would make what it got look whole.</summary>
    public static bool IsOurs(SocketError error) =>
        error is SocketError.OperationAborted or SocketError.InvalidArgument or SocketError.Fault or SocketError.AccessDenied or SocketError.SocketError;

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
