using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace RxSockets;

/// <summary>Settings of a <see cref="CompletionPort"/>. Copied and validated by <see cref="CompletionPort.Create"/>.</summary>
public sealed class CompletionPortOptions
{
    /// <summary>The engine wanted. Default <see cref="EngineKind.Auto"/>; only <c>Auto</c> falls back to another engine.</summary>
    public EngineKind Engine { get; set; } = EngineKind.Auto;

    /// <summary>Where continuations run. Default <see cref="CompletionScheduling.ThreadPool"/>.</summary>
    public CompletionScheduling Scheduling { get; set; } = CompletionScheduling.ThreadPool;

    /// <summary>Number of loop threads, 1 to 64; 0 (the default) is one. The managed engine has no loops and ignores it.</summary>
    public int Loops { get; set; }

    /// <summary>Submission entries of each loop's ring, a power of two from 8 to 32,768; default 512. Halved (down to 256) where memory may not be locked.</summary>
    public int SubmissionEntries { get; set; } = 512;

    /// <summary>Completion entries of each loop's ring, a power of two from 16 to 65,536 and at least <see cref="SubmissionEntries"/>; default 4,096.</summary>
    public int CompletionEntries { get; set; } = 4096;

    /// <summary>Bytes of one receive buffer, 256 to 1,048,576; default 16,384. A <see cref="ReceivedSegment"/> is never longer than this.</summary>
    public int ReceiveBufferSize { get; set; } = 16384;

    /// <summary>Receive buffers offered to the kernel at a time per loop, a power of two from 1 to 32,768; default 256. More are made while segments are held.</summary>
    public int ReceiveBuffers { get; set; } = 256;

    /// <summary>Upper limit of receive-buffer memory per loop (per port in the managed engine), in bytes; default 256 MiB. Beyond it connections wait for buffers to come back.</summary>
    public long MaxReceiveBufferBytes { get; set; } = 256L << 20;

    /// <summary>
    /// Bytes of receive buffers one connection may hold (unread, lent or retained); beyond it that connection stops receiving and TCP's window closes.
    /// Default 65,536. Counted in whole buffers; at least one buffer is always allowed, and the burst that crosses the limit is kept.
    /// </summary>
    public int ReceiveLimit { get; set; } = 65536;

    /// <summary>Bytes handed to the kernel in one vectored send; default 1 MiB. Sends beyond it wait their turn: memory is borrowed, and only small arrays that leave together are copied.</summary>
    public int MaxQueuedBytes { get; set; } = 1 << 20;

    /// <summary>
    /// Iocp engine: how many transmits from files the system is given at a time, 0 to 65,536; above it files are read and sent instead. 0 (the default) is no
    /// limit of ours. Windows client editions run two at a time in the whole system and let the others wait: 2 keeps ours moving there.
    /// </summary>
    public int ConcurrentTransmits { get; set; }

    /// <summary>How long a disposed connection may go without progress before it is aborted. Default 5 s.</summary>
    public TimeSpan CloseTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The clock of everything that waits. Default <see cref="TimeProvider.System"/>.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>
    /// <see cref="CompletionScheduling.Inline"/>: how long handlers may hold a loop before that is counted (<c>rxsockets.loop.stalls</c>) and, once per port, logged;
    /// 1 ms or more, default 1 s. Real time, also where <see cref="TimeProvider"/> is another. It is told within one and a half times the limit; other loops go on. Engines without loops of their own ignore it.
    /// </summary>
    public TimeSpan LoopStallLimit { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Where the port logs, under the category <c>RxSockets</c>. Default null: nowhere.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>Makes the meter <c>RxSockets</c> that measures the port. Default null: one meter of the process.</summary>
    public IMeterFactory? MeterFactory { get; set; }

    internal CompletionPortOptions Validated()
    {
        var copy = (CompletionPortOptions)MemberwiseClone();
        Limits.Defined(Engine, nameof(Engine));
        Limits.Defined(Scheduling, nameof(Scheduling));
        Limits.Between(Loops, 0, 64, nameof(Loops));
        Limits.PowerOfTwo(SubmissionEntries, 8, 32768, nameof(SubmissionEntries));
        Limits.PowerOfTwo(CompletionEntries, 16, 65536, nameof(CompletionEntries));
        Limits.Between(CompletionEntries, SubmissionEntries, 65536, nameof(CompletionEntries));
        Limits.Between(ReceiveBufferSize, 256, 1 << 20, nameof(ReceiveBufferSize));
        Limits.PowerOfTwo(ReceiveBuffers, 1, 32768, nameof(ReceiveBuffers));
        Limits.Between(MaxReceiveBufferBytes, (long)ReceiveBuffers * ReceiveBufferSize, long.MaxValue, nameof(MaxReceiveBufferBytes));
        Limits.Between(ReceiveLimit, 1, int.MaxValue, nameof(ReceiveLimit));
        Limits.Between(MaxQueuedBytes, 1, 1 << 30, nameof(MaxQueuedBytes));
        Limits.Between(ConcurrentTransmits, 0, 65536, nameof(ConcurrentTransmits));
        Limits.Positive(CloseTimeout, nameof(CloseTimeout));
        Limits.Between(LoopStallLimit.Ticks, TimeSpan.TicksPerMillisecond, TimeSpan.FromDays(1).Ticks, nameof(LoopStallLimit));
        ArgumentNullException.ThrowIfNull(TimeProvider);
        copy.Loops = Math.Max(1, Loops);
        return copy;
    }
}
