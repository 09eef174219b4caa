/* A stand-in for TransmitPackets, which Wine does not have: reads the caller's array with the layout of the C header, gathers memory and file ranges, and
 * sends them with one overlapped WSASend on the caller's OVERLAPPED, so that the completion comes through the caller's port. What it was given can be
 * read back. Built with mingw-w64 by tests/windows-under-wine. */
#include <winsock2.h>
#include <mswsock.h>
#include <windows.h>
#include <stdlib.h>

static DWORD last_count, last_size, last_flags;

__declspec(dllexport) void standin_last(DWORD *count, DWORD *size, DWORD *flags)
{
    *count = last_count;
    *size = last_size;
    *flags = last_flags;
}

__declspec(dllexport) BOOL PASCAL standin_transmit_packets(
    SOCKET socket, LPTRANSMIT_PACKETS_ELEMENT elements, DWORD count, DWORD size, LPOVERLAPPED overlapped, DWORD flags)
{
    static char *data; /* until the next call: the send may pend */
    DWORD total = 0, at = 0, i;
    WSABUF buffer;
    last_count = count;
    last_size = size;
    last_flags = flags;
    for (i = 0; i < count; i++)
        total += elements[i].cLength;
    free(data);
    data = malloc(total);
    for (i = 0; i < count; i++)
    {
        if (elements[i].dwElFlags & TP_ELEMENT_MEMORY)
        {
            memcpy(data + at, elements[i].pBuffer, elements[i].cLength);
        }
        else if (elements[i].dwElFlags & TP_ELEMENT_FILE)
        {
            DWORD got = 0;
            OVERLAPPED position = {0};
            position.Offset = elements[i].nFileOffset.LowPart;
            position.OffsetHigh = elements[i].nFileOffset.HighPart;
            if (!ReadFile(elements[i].hFile, data + at, elements[i].cLength, &got, &position) || got != elements[i].cLength)
            {
                WSASetLastError(WSAEFAULT);
                return FALSE;
            }
        }
        else
        {
            WSASetLastError(WSAEINVAL);
            return FALSE;
        }
        at += elements[i].cLength;
    }
    buffer.len = total;
    buffer.buf = data;
    if (WSASend(socket, &buffer, 1, NULL, 0, overlapped, NULL) == SOCKET_ERROR)
        return FALSE;
    return TRUE;
}
