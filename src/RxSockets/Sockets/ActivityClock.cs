// The one place where the time is not a parameter's alone: it is, unless that is the system's, and then it is this.
#pragma warning disable RS0030

namespace RxSockets.Sockets;

/// <summary>
/// When bytes last moved is noted with every receive and send, and asked for seldom: on the system's clock it is read where that is cheapest
/// (<see cref="Environment.TickCount64"/>: 11 ns instead of 42 on Linux) and to what that resolves, 1 to 16 ms. Any other clock is read as it is. Thread-safe.
/// </summary>
internal sealed class ActivityClock(TimeProvider time)
{
    private readonly bool _isSystem = time == TimeProvider.System;

    /// <summary>A moment, for <see cref="Since"/>; comparable with others of this clock.</summary>
    public long Now() => _isSystem ? Environment.TickCount64 : time.GetTimestamp();

    public TimeSpan Since(long moment) => _isSystem ? TimeSpan.FromMilliseconds(Environment.TickCount64 - moment) : time.GetElapsedTime(moment);
}
