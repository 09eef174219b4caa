using System.Net.Sockets;
using static RxSockets.Native.Windows.NtStatus;
using static RxSockets.Native.Windows.Win32Error;

namespace RxSockets.Engines.Iocp;

/// <summary>
/// The one table from what Windows says to <see cref="SocketError"/>. A call that fails gives a Winsock code (the values of SocketError) or a Win32
/// code; a completion gives an NTSTATUS. WSAGetOverlappedResult would translate, but not once the handle is closed.
/// </summary>
internal static class WinsockErrors
{
    /// <summary>The last error of a call.</summary>
    public static SocketError FromCode(int code) => code switch
    {
        0 => SocketError.Success,
        >= 10000 and < 12000 => (SocketError)code,
        ERROR_OPERATION_ABORTED => SocketError.OperationAborted,
        ERROR_IO_PENDING => SocketError.IOPending,
        ERROR_NETNAME_DELETED => SocketError.ConnectionReset,
        ERROR_PORT_UNREACHABLE => SocketError.ConnectionReset,
        ERROR_CONNECTION_ABORTED => SocketError.ConnectionAborted,
        ERROR_CONNECTION_REFUSED => SocketError.ConnectionRefused,
        ERROR_GRACEFUL_DISCONNECT => SocketError.Disconnecting,
        ERROR_REQUEST_ABORTED => SocketError.Interrupted,
        ERROR_CONNECTION_INVALID => SocketError.NotConnected,
        ERROR_CONNECTION_ACTIVE => SocketError.IsConnected,
        ERROR_NETWORK_UNREACHABLE or ERROR_PROTOCOL_UNREACHABLE => SocketError.NetworkUnreachable,
        ERROR_HOST_UNREACHABLE => SocketError.HostUnreachable,
        ERROR_SEM_TIMEOUT => SocketError.TimedOut,
        ERROR_MORE_DATA => SocketError.MessageSize,
        ERROR_INSUFFICIENT_BUFFER => SocketError.Fault,
        ERROR_INVALID_HANDLE => SocketError.NotSocket,
        ERROR_ADDRESS_ALREADY_ASSOCIATED => SocketError.AddressAlreadyInUse,
        ERROR_FILE_NOT_FOUND or ERROR_PATH_NOT_FOUND or ERROR_INVALID_NETNAME => SocketError.AddressNotAvailable,
        ERROR_ACCESS_DENIED => SocketError.AccessDenied,
        ERROR_TOO_MANY_OPEN_FILES => SocketError.TooManyOpenSockets,
        ERROR_NOT_ENOUGH_MEMORY or ERROR_OUTOFMEMORY or ERROR_NO_SYSTEM_RESOURCES or ERROR_WORKING_SET_QUOTA => SocketError.NoBufferSpaceAvailable,
        ERROR_NOT_SUPPORTED => SocketError.OperationNotSupported,
        ERROR_NOT_READY => SocketError.NetworkDown,
        ERROR_HANDLE_EOF or ERROR_BAD_LENGTH or ERROR_INVALID_PARAMETER or ERROR_NOT_FOUND => SocketError.InvalidArgument,
        _ => SocketError.SocketError,
    };

    /// <summary>The NTSTATUS of a completion; as WSAGetOverlappedResult translates, except that an unknown failure is no wrong argument.</summary>
    public static SocketError FromStatus(uint status) => status switch
    {
        STATUS_SUCCESS => SocketError.Success,
        STATUS_CANCELLED or STATUS_HANDLES_CLOSED => SocketError.OperationAborted,
        STATUS_CONNECTION_REFUSED => SocketError.ConnectionRefused,
        STATUS_CONNECTION_RESET or STATUS_REMOTE_DISCONNECT or STATUS_LINK_FAILED or STATUS_CONNECTION_DISCONNECTED or STATUS_PORT_UNREACHABLE
            or STATUS_HOPLIMIT_EXCEEDED => SocketError.ConnectionReset,
        STATUS_CONNECTION_ABORTED or STATUS_LOCAL_DISCONNECT or STATUS_TRANSACTION_ABORTED => SocketError.ConnectionAborted,
        STATUS_IO_TIMEOUT or STATUS_LINK_TIMEOUT => SocketError.TimedOut,
        STATUS_NETWORK_UNREACHABLE or STATUS_PROTOCOL_UNREACHABLE or STATUS_BAD_NETWORK_PATH => SocketError.NetworkUnreachable,
        STATUS_HOST_UNREACHABLE => SocketError.HostUnreachable,
        STATUS_INVALID_CONNECTION => SocketError.NotConnected,
        STATUS_PIPE_DISCONNECTED => SocketError.Shutdown,
        STATUS_CONNECTION_ACTIVE => SocketError.IsConnected,
        STATUS_BUFFER_OVERFLOW or STATUS_INVALID_BUFFER_SIZE => SocketError.MessageSize,
        STATUS_BUFFER_TOO_SMALL or STATUS_ACCESS_VIOLATION => SocketError.Fault,
        STATUS_INVALID_HANDLE or STATUS_OBJECT_TYPE_MISMATCH => SocketError.NotSocket,
        STATUS_INVALID_ADDRESS or STATUS_INVALID_ADDRESS_COMPONENT => SocketError.AddressNotAvailable,
        STATUS_ADDRESS_ALREADY_EXISTS or STATUS_SHARING_VIOLATION => SocketError.AddressAlreadyInUse,
        STATUS_ACCESS_DENIED => SocketError.AccessDenied,
        STATUS_NOT_SUPPORTED or STATUS_NOT_IMPLEMENTED => SocketError.OperationNotSupported,
        STATUS_NO_MEMORY or STATUS_INSUFFICIENT_RESOURCES or STATUS_QUOTA_EXCEEDED or STATUS_COMMITMENT_LIMIT or STATUS_REMOTE_RESOURCES
            or STATUS_TOO_MANY_ADDRESSES => SocketError.NoBufferSpaceAvailable,
        STATUS_GRACEFUL_DISCONNECT => SocketError.Disconnecting,
        STATUS_REQUEST_ABORTED => SocketError.Interrupted,
        STATUS_DEVICE_NOT_READY => SocketError.NetworkDown,
        STATUS_INVALID_PARAMETER or STATUS_END_OF_FILE => SocketError.InvalidArgument,
        // Success and information codes (severity 0 and 1) other than STATUS_PENDING: the operation did what it was asked.
        < 0x80000000 and not STATUS_PENDING => SocketError.Success,
        _ => SocketError.SocketError,
    };
}
