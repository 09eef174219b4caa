using System.Net;
using System.Net.Sockets;

namespace RxSockets.Diagnostics;

/// <summary>
/// What the members of a port (listeners, connections, datagram sockets) have counted between them. A sum is made by walking them when somebody measures, so that a
/// send or receive pays for no more than the connection's own count. One thread, or the owner's lock.
/// </summary>
internal sealed class MemberTotals
{
    public const int Tcp = 0;
    public const int Unix = 1;

    /// <summary>Bytes received, by transport.</summary>
    public long[] Received { get; } = new long[2];

    /// <summary>Bytes sent, by transport.</summary>
    public long[] Sent { get; } = new long[2];

    public long Connecting { get; set; }

    public long Open { get; set; }

    public long Closing { get; set; }

    public long Listeners { get; set; }

    public long DatagramSockets { get; set; }

    public long DatagramsReceived { get; set; }

    public long DatagramsSent { get; set; }

    public long DatagramErrors { get; set; }

    /// <summary>Silent clients that an engine dropped by itself, before there was a connection.</summary>
    public long DroppedByEngine { get; set; }

    public void AddConnection(EndPoint? remote, long received, long sent, bool closing, bool left)
    {
        AddBytes(remote is UnixDomainSocketEndPoint ? Unix : Tcp, received, sent);
        if (left)
            return;
        if (closing)
            Closing++;
        else
            Open++;
    }

    private void AddBytes(int transport, long received, long sent)
    {
        Received[transport] += received;
        Sent[transport] += sent;
    }

    /// <summary>The sums of members that have left; states are those of members that are there.</summary>
    public void AddSumsOf(MemberTotals left)
    {
        for (int transport = 0; transport < Received.Length; transport++)
            AddBytes(transport, left.Received[transport], left.Sent[transport]);
        DatagramsReceived += left.DatagramsReceived;
        DatagramsSent += left.DatagramsSent;
        DatagramErrors += left.DatagramErrors;
        DroppedByEngine += left.DroppedByEngine;
    }
}
