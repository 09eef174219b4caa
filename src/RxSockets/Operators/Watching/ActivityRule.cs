namespace RxSockets;

/// <summary>What a rule says of a connection at a sweep.</summary>
internal enum Verdict
{
    /// <summary>Look again at the next sweep.</summary>
    Keep,

    /// <summary>It cannot break the rule any more.</summary>
    Forget,

    /// <summary>It has bytes that nobody took: it speaks, and is not to be blamed for a slow reader.</summary>
    Speaks,

    /// <summary>It broke the rule.</summary>
    Drop,
}

/// <summary>A rule by which connections are dropped. Looks at what is cheap first; the kernel is asked only about one that may have to go.</summary>
internal abstract class ActivityRule(TimeSpan limit, ConnectionCounters counters)
{
    public TimeSpan Limit => limit;

    /// <summary>As metrics name it.</summary>
    public abstract DropRule Name { get; }

    /// <summary>For <see cref="IConnectionActivity.Abort"/>: names the rule.</summary>
    public abstract string Reason { get; }

    protected ConnectionCounters Counters => counters;

    /// <param name="connection">The connection; open a moment ago.</param>
    /// <param name="age">Its age as the sweep reckons it.</param>
    /// <param name="sinceSpoke">Time since a sweep found it speaking; <see cref="TimeSpan.MaxValue"/> if none did.</param>
    public abstract Verdict Judge(IConnectionActivity connection, TimeSpan age, TimeSpan sinceSpoke);

    /// <summary>One was dropped by this rule.</summary>
    public abstract void Count();
}

/// <summary>Connected for the limit without a byte.</summary>
internal sealed class SilenceRule(TimeSpan limit, ConnectionCounters counters) : ActivityRule(limit, counters)
{
    public override DropRule Name => DropRule.Silent;

    public override string Reason => $"Connected for {Limit} without a byte (DropSilent).";

    public override Verdict Judge(IConnectionActivity connection, TimeSpan age, TimeSpan sinceSpoke)
    {
        if (connection.BytesReceived > 0)
            return Verdict.Forget;
        if (age < Limit || connection.Age < Limit)
            return Verdict.Keep;
        return connection.UnreadBytes > 0 ? Verdict.Forget : Verdict.Drop;
    }

    public override void Count() => Counters.CountSilent();
}

/// <summary>Nothing received (or, where sends count, nothing moved) for the limit.</summary>
internal sealed class IdlenessRule(TimeSpan limit, bool countSends, ConnectionCounters counters) : ActivityRule(limit, counters)
{
    public override DropRule Name => DropRule.Idle;

    public override string Reason => countSends ? $"Nothing received or sent for {Limit} (DropIdle)." : $"Nothing received for {Limit} (DropIdle).";

    public override Verdict Judge(IConnectionActivity connection, TimeSpan age, TimeSpan sinceSpoke)
    {
        // Nothing can have been idle for longer than it is there.
        if (age < Limit || sinceSpoke < Limit)
            return Verdict.Keep;
        TimeSpan idle = countSends ? connection.SinceLastActivity : connection.SinceLastReceive;
        if (idle < Limit)
            return Verdict.Keep;
        return connection.UnreadBytes > 0 ? Verdict.Speaks : Verdict.Drop;
    }

    public override void Count() => Counters.CountIdle();
}

/// <summary>Older than the limit, whatever it does.</summary>
internal sealed class AgeRule(TimeSpan limit, ConnectionCounters counters) : ActivityRule(limit, counters)
{
    public override DropRule Name => DropRule.Old;

    public override string Reason => $"Connected for {Limit} (DropOlderThan).";

    public override Verdict Judge(IConnectionActivity connection, TimeSpan age, TimeSpan sinceSpoke) =>
        age < Limit || connection.Age < Limit ? Verdict.Keep : Verdict.Drop;

    public override void Count() => Counters.CountOld();
}
