using System.Net;

namespace RxSockets.Testing;

/// <summary>One end of a connection as the network knows it, before and after somebody owns it.</summary>
internal sealed record WireEnd(Pipe Incoming, Pipe Outgoing, EndPoint Local, EndPoint Remote);
