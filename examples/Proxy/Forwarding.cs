using System.Net;
using RxSockets;

namespace Proxy;

/// <summary>What is done with every client.</summary>
/// <param name="To">Where its bytes go.</param>
/// <param name="SendProxy">The header that says so to the upstream.</param>
/// <param name="AcceptProxy">The client has to say in a header whose connection it is.</param>
/// <param name="HeaderLimit">How long it may take for that.</param>
/// <param name="ConnectLimit">How long connecting to the upstream may take.</param>
/// <param name="Port">Carries both connections.</param>
internal sealed record Forwarding(EndPoint To, ProxyVersion SendProxy, bool AcceptProxy, TimeSpan HeaderLimit, TimeSpan ConnectLimit, CompletionPort Port);
