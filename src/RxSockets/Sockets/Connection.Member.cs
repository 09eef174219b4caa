using RxSockets.Diagnostics;

namespace RxSockets.Sockets;

/// <content>A connection as a member of its port.</content>
internal sealed partial class Connection : IPortMember
{
    IPortMember? IPortMember.PreviousMember { get; set; }

    IPortMember? IPortMember.NextMember { get; set; }

    void IPortMember.EndWithPort() => End();

    void IPortMember.MeasureInto(MemberTotals totals, bool left) => totals.AddConnection(RemoteEndPoint, Receive.BytesReceived, Write.BytesSent, _ending || CloseStarted, left);
}
