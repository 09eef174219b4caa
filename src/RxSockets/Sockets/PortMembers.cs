using RxSockets.Diagnostics;

namespace RxSockets.Sockets;

/// <summary>Something open on a port.</summary>
internal interface IPortMember
{
    /// <summary>Belongs to the port.</summary>
    IPortMember? PreviousMember { get; set; }

    /// <summary>Belongs to the port.</summary>
    IPortMember? NextMember { get; set; }

    /// <summary>The port is being disposed.</summary>
    void EndWithPort();

    /// <summary>
    /// Adds what it has counted, and, unless it is leaving, the state it is in. Under the port's lock: takes no lock, so that what is read may be a moment old.
    /// </summary>
    void MeasureInto(MemberTotals totals, bool left)
    {
    }
}

/// <summary>What is open on a port: linked through its members, so that one more costs no memory but theirs. Part of its owner, never copied, and guarded by it.</summary>
internal struct PortMembers
{
    public IPortMember? First { readonly get; private set; }

    public int Count { readonly get; private set; }

    /// <summary>A member that is here already stays where it is.</summary>
    public void Add(IPortMember member)
    {
        if (Contains(member))
            return;
        member.NextMember = First;
        First?.PreviousMember = member;
        First = member;
        Count++;
    }

    /// <summary>False when it is not here.</summary>
    public bool Remove(IPortMember member)
    {
        if (!Contains(member))
            return false;
        if (member.PreviousMember is { } previous)
            previous.NextMember = member.NextMember;
        else
            First = member.NextMember;
        member.NextMember?.PreviousMember = member.PreviousMember;
        member.PreviousMember = member.NextMember = null;
        Count--;
        return true;
    }

    public readonly IPortMember[] ToArray()
    {
        var all = new IPortMember[Count];
        int at = 0;
        for (IPortMember? member = First; member is not null; member = member.NextMember)
            all[at++] = member;
        return all;
    }

    private readonly bool Contains(IPortMember member) => member.PreviousMember is not null || ReferenceEquals(First, member);
}
