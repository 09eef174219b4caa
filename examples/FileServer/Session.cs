using System.Buffers;
using RxSockets;

namespace FileServer;

/// <summary>One client: request after request, each answered whole before the next is looked at.</summary>
internal static class Session
{
    private const int MaxRequestBytes = 8192;

    public static async Task RunAsync(RxConnection connection, FileRoot files)
    {
        try
        {
            await foreach (ReadOnlySequence<byte> head in connection.ReceiveAllAsync().Delimited("\r\n\r\n"u8, MaxRequestBytes))
            {
                int status = Request.TryParse(head.IsSingleSegment ? head.FirstSpan : head.ToArray(), out Request request);
                if (status != 0)
                    await RefuseAsync(connection, status, close: true, isHead: false);
                else
                    await AnswerAsync(connection, request, files);
                if (status != 0 || !request.KeepAlive)
                    return;
            }
        }
        catch (FrameTooLongException)
        {
            await RefuseAsync(connection, 431, close: true, isHead: false);
        }
    }

    private static async ValueTask AnswerAsync(RxConnection connection, Request request, FileRoot files)
    {
        int status = files.TryOpen(request.Path, out ServedFile file);
        if (status != 0)
        {
            await RefuseAsync(connection, status, !request.KeepAlive, request.IsHead);
            return;
        }

        using (file.Handle)
        {
            if (request.Matches(file.ETag))
            {
                await connection.SendAsync(Response.NotModified(file, request.KeepAlive));
                return;
            }

            ByteRange range = request.RangeIn(file);
            if (range.IsUnsatisfiable)
            {
                await connection.SendAsync(Response.Unsatisfiable(file, request.KeepAlive));
                return;
            }

            byte[] head = Response.File(file, range, request.KeepAlive);
            if (request.IsHead)
                await connection.SendAsync(head);
            else
                await TransmitAsync(connection, file, range, head, request.KeepAlive);
        }
    }

    // Head and file leave as one burst; the last answer takes the end of the connection with it.
    private static async ValueTask TransmitAsync(RxConnection connection, ServedFile file, ByteRange range, byte[] head, bool keepAlive) =>
        await connection.TransmitFileAsync(range.Count == 0 ? null : file.Handle, new FileTransmitOptions
        {
            Head = head,
            Offset = range.Offset,
            Count = range.Count,
            Flags = keepAlive ? TransmitFlags.None : TransmitFlags.Disconnect,
        });

    private static ValueTask RefuseAsync(RxConnection connection, int status, bool close, bool isHead) =>
        connection.SendAsync(Response.Error(status, !close, isHead));
}
