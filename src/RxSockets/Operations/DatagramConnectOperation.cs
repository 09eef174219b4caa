using System.Net;

namespace RxSockets.Operations;

/// <summary>Sets the peer, behind everything sent before. Not a datagram: the queue asks the engine when its turn has come.</summary>
internal sealed class DatagramConnectOperation(IPEndPoint remote, SocketAddress address) : DatagramWrite
{
    public IPEndPoint Remote => remote;

    public SocketAddress Address => address;

    public override DatagramFill Fill(DatagramBatch batch) => DatagramFill.Part;

    public override bool Advance(int datagrams) => false;
}
