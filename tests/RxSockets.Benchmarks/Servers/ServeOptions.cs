using System.Net;

namespace RxSockets.Benchmarks.Servers;

/// <summary>What to serve, and where.</summary>
internal sealed record ServeOptions(Service Service, IPEndPoint Listen, string? File)
{
    public const int Backlog = 4096;
    public const int BufferBytes = 16384;
    public const int EdgeBytes = 1024;
    public const int FirstBytes = 64;
    public const int PieceBytes = 256;
    public const int Pieces = 16;
    public const int StreamBytes = 1 << 20;

    /// <summary>The file to send; only where the service is one.</summary>
    public string Path => File ?? throw new ArgumentException("The file service needs --file PATH.");
}
