using System.Net;

namespace RxSockets.Benchmarks.Servers;

/// <summary>A server that listens.</summary>
internal interface IServer : IAsyncDisposable
{
    EndPoint EndPoint { get; }
}
