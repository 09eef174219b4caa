using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace RxSockets.Diagnostics;

/// <summary>Every line this library writes. One category (RxSockets); what happens per connection is Debug. Listed in docs/observability.md.</summary>
internal static partial class PortLog
{
    public const string Category = "RxSockets";

    [LoggerMessage(1, LogLevel.Debug, "Completion port {Port} runs on {Engine}, {Scheduling} scheduling: {Reason}")]
    public static partial void EngineChosen(ILogger logger, string port, EngineKind engine, CompletionScheduling scheduling, string reason);

    [LoggerMessage(2, LogLevel.Information, "Completion port {Port} fell back to {Engine}: {Reason}")]
    public static partial void EngineFellBack(ILogger logger, string port, EngineKind engine, string reason);

    [LoggerMessage(3, LogLevel.Error, "A handler threw on completion port {Port}, and nobody else takes its exception")]
    public static partial void HandlerFailed(ILogger logger, Exception error, string port);

    [LoggerMessage(4, LogLevel.Warning, "Accepting on {EndPoint} pauses for {Pause}: {Error}. Pauses since the last such line: {Pauses}")]
    public static partial void AcceptPaused(ILogger logger, EndPoint endPoint, TimeSpan pause, SocketError error, long pauses);

    [LoggerMessage(5, LogLevel.Error, "Accepting on {EndPoint} has ended: {Error}")]
    public static partial void AcceptEnded(ILogger logger, EndPoint endPoint, SocketError error);

    [LoggerMessage(6, LogLevel.Debug, "A client of {EndPoint} went away while it was accepted: {Error}")]
    public static partial void ClientLost(ILogger logger, EndPoint endPoint, SocketError error);

    [LoggerMessage(7, LogLevel.Warning, "Handlers have held loop {Loop} of completion port {Port} for {Held}, and its other connections wait: inline handlers must not block. Told once; counted in rxsockets.loop.stalls")]
    public static partial void LoopStalled(ILogger logger, int loop, string port, TimeSpan held);

    [LoggerMessage(8, LogLevel.Debug, "The connection with {Remote} ended, {Reason}: {Description}")]
    public static partial void ConnectionEnded(ILogger logger, EndPoint? remote, ConnectionCloseReason reason, string description);
}
