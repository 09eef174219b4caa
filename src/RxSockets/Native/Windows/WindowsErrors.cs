namespace RxSockets.Native.Windows;

/// <summary>Error codes of winerror.h that are not Winsock's own (those are the values of <see cref="System.Net.Sockets.SocketError"/>).</summary>
internal static class Win32Error
{
    public const int ERROR_FILE_NOT_FOUND = 2;
    public const int ERROR_PATH_NOT_FOUND = 3;
    public const int ERROR_TOO_MANY_OPEN_FILES = 4;
    public const int ERROR_ACCESS_DENIED = 5;
    public const int ERROR_INVALID_HANDLE = 6;
    public const int ERROR_NOT_ENOUGH_MEMORY = 8;
    public const int ERROR_OUTOFMEMORY = 14;
    public const int ERROR_NOT_READY = 21;
    public const int ERROR_BAD_LENGTH = 24;
    public const int ERROR_HANDLE_EOF = 38;
    public const int ERROR_NOT_SUPPORTED = 50;
    public const int ERROR_NETNAME_DELETED = 64;
    public const int ERROR_INVALID_PARAMETER = 87;
    public const int ERROR_SEM_TIMEOUT = 121;
    public const int ERROR_INSUFFICIENT_BUFFER = 122;
    public const int ERROR_MORE_DATA = 234;
    public const int WAIT_TIMEOUT = 258;
    public const int ERROR_INVALID_NETNAME = 1214;
    public const int ERROR_ABANDONED_WAIT_0 = 735;
    public const int ERROR_OPERATION_ABORTED = 995;
    public const int ERROR_IO_PENDING = 997;
    public const int ERROR_NOT_FOUND = 1168;
    public const int ERROR_CONNECTION_REFUSED = 1225;
    public const int ERROR_GRACEFUL_DISCONNECT = 1226;
    public const int ERROR_ADDRESS_ALREADY_ASSOCIATED = 1227;
    public const int ERROR_CONNECTION_INVALID = 1229;
    public const int ERROR_CONNECTION_ACTIVE = 1230;
    public const int ERROR_NETWORK_UNREACHABLE = 1231;
    public const int ERROR_HOST_UNREACHABLE = 1232;
    public const int ERROR_PROTOCOL_UNREACHABLE = 1233;
    public const int ERROR_PORT_UNREACHABLE = 1234;
    public const int ERROR_REQUEST_ABORTED = 1235;
    public const int ERROR_CONNECTION_ABORTED = 1236;
    public const int ERROR_NO_SYSTEM_RESOURCES = 1450;
    public const int ERROR_WORKING_SET_QUOTA = 1453;
}

/// <summary>NTSTATUS codes of ntstatus.h: what OVERLAPPED.Internal holds after a completion.</summary>
internal static class NtStatus
{
    public const uint STATUS_SUCCESS = 0;
    public const uint STATUS_PENDING = 0x00000103;
    public const uint STATUS_BUFFER_OVERFLOW = 0x80000005;
    public const uint STATUS_DEVICE_NOT_READY = 0xC00000A3;
    public const uint STATUS_HANDLES_CLOSED = 0x8000000A;
    public const uint STATUS_NOT_IMPLEMENTED = 0xC0000002;
    public const uint STATUS_ACCESS_VIOLATION = 0xC0000005;
    public const uint STATUS_INVALID_HANDLE = 0xC0000008;
    public const uint STATUS_INVALID_PARAMETER = 0xC000000D;
    public const uint STATUS_END_OF_FILE = 0xC0000011;
    public const uint STATUS_NO_MEMORY = 0xC0000017;
    public const uint STATUS_ACCESS_DENIED = 0xC0000022;
    public const uint STATUS_BUFFER_TOO_SMALL = 0xC0000023;
    public const uint STATUS_OBJECT_TYPE_MISMATCH = 0xC0000024;
    public const uint STATUS_SHARING_VIOLATION = 0xC0000043;
    public const uint STATUS_QUOTA_EXCEEDED = 0xC0000044;
    public const uint STATUS_INSUFFICIENT_RESOURCES = 0xC000009A;
    public const uint STATUS_PIPE_DISCONNECTED = 0xC00000B0;
    public const uint STATUS_IO_TIMEOUT = 0xC00000B5;
    public const uint STATUS_NOT_SUPPORTED = 0xC00000BB;
    public const uint STATUS_BAD_NETWORK_PATH = 0xC00000BE;
    public const uint STATUS_CANCELLED = 0xC0000120;
    public const uint STATUS_COMMITMENT_LIMIT = 0xC000012D;
    public const uint STATUS_LOCAL_DISCONNECT = 0xC000013B;
    public const uint STATUS_REMOTE_DISCONNECT = 0xC000013C;
    public const uint STATUS_REMOTE_RESOURCES = 0xC000013D;
    public const uint STATUS_LINK_FAILED = 0xC000013E;
    public const uint STATUS_LINK_TIMEOUT = 0xC000013F;
    public const uint STATUS_INVALID_CONNECTION = 0xC0000140;
    public const uint STATUS_INVALID_ADDRESS = 0xC0000141;
    public const uint STATUS_INVALID_BUFFER_SIZE = 0xC0000206;
    public const uint STATUS_INVALID_ADDRESS_COMPONENT = 0xC0000207;
    public const uint STATUS_TOO_MANY_ADDRESSES = 0xC0000209;
    public const uint STATUS_ADDRESS_ALREADY_EXISTS = 0xC000020A;
    public const uint STATUS_CONNECTION_DISCONNECTED = 0xC000020C;
    public const uint STATUS_CONNECTION_RESET = 0xC000020D;
    public const uint STATUS_TRANSACTION_ABORTED = 0xC000020F;
    public const uint STATUS_CONNECTION_REFUSED = 0xC0000236;
    public const uint STATUS_GRACEFUL_DISCONNECT = 0xC0000237;
    public const uint STATUS_CONNECTION_ACTIVE = 0xC000023B;
    public const uint STATUS_NETWORK_UNREACHABLE = 0xC000023C;
    public const uint STATUS_HOST_UNREACHABLE = 0xC000023D;
    public const uint STATUS_PROTOCOL_UNREACHABLE = 0xC000023E;
    public const uint STATUS_PORT_UNREACHABLE = 0xC000023F;
    public const uint STATUS_REQUEST_ABORTED = 0xC0000240;
    public const uint STATUS_CONNECTION_ABORTED = 0xC0000241;
    public const uint STATUS_HOPLIMIT_EXCEEDED = 0xC000A012;
}
