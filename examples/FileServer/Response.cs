using System.Globalization;
using System.Text;

namespace FileServer;

/// <summary>The heads of answers, and the short bodies of refusals.</summary>
internal static class Response
{
    private static DateLine s_date = new(0, "");

    public static byte[] File(ServedFile file, ByteRange range, bool keepAlive) => Encode(
        range.IsPart ? 206 : 200,
        keepAlive,
        range.IsPart
            ? $"Content-Length: {range.Count}\r\nContent-Range: bytes {range.Offset}-{range.Offset + range.Count - 1}/{file.Length}\r\nContent-Type: {file.ContentType}\r\nETag: {file.ETag}\r\nAccept-Ranges: bytes\r\n"
            : $"Content-Length: {range.Count}\r\nContent-Type: {file.ContentType}\r\nETag: {file.ETag}\r\nAccept-Ranges: bytes\r\n");

    public static byte[] NotModified(ServedFile file, bool keepAlive) => Encode(304, keepAlive, $"ETag: {file.ETag}\r\n");

    public static byte[] Unsatisfiable(ServedFile file, bool keepAlive) => Encode(416, keepAlive, $"Content-Length: 0\r\nContent-Range: bytes */{file.Length}\r\n");

    public static byte[] Error(int status, bool keepAlive, bool isHead)
    {
        string body = Reason(status) + "\n";
        string allow = status == 405 ? "Allow: GET, HEAD\r\n" : "";
        return Encode(status, keepAlive, $"{allow}Content-Length: {body.Length}\r\nContent-Type: text/plain\r\n", isHead ? "" : body);
    }

    private static byte[] Encode(int status, bool keepAlive, string fields, string body = "")
    {
        string connection = keepAlive ? "keep-alive" : "close";
        return Encoding.ASCII.GetBytes($"HTTP/1.1 {status} {Reason(status)}\r\nDate: {Date()}\r\nServer: RxSockets\r\nConnection: {connection}\r\n{fields}\r\n{body}");
    }

    // It changes once a second, and takes longer to write than the rest.
    private static string Date()
    {
        long second = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        DateLine last = s_date;
        if (last.Second != second)
            s_date = last = new DateLine(second, DateTimeOffset.FromUnixTimeSeconds(second).ToString("R", CultureInfo.InvariantCulture));
        return last.Text;
    }

    private static string Reason(int status) => status switch
    {
        200 => "OK",
        206 => "Partial Content",
        304 => "Not Modified",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        416 => "Range Not Satisfiable",
        431 => "Request Header Fields Too Large",
        505 => "HTTP Version Not Supported",
        _ => "Error",
    };

    private sealed record DateLine(long Second, string Text);
}
