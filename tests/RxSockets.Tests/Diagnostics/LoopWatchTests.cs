using Microsoft.Extensions.Time.Testing;
using RxSockets.Diagnostics;
using RxSockets.Engines;
using RxSockets.Operations;

namespace RxSockets.Tests.Diagnostics;

/// <summary>Handlers that hold a loop, on a clock that the test moves; the loops are threads that really block.</summary>
public sealed class LoopWatchTests : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(10);

    private readonly FakeTimeProvider _time = new();
    private readonly HeldLoop[] _loops = [new(), new()];
    private readonly List<(int Loop, TimeSpan Held)> _told = [];
    private readonly LoopWatch _watch;
    private TimeSpan _sinceLook;

    public LoopWatchTests() => _watch = new LoopWatch(_loops, _time, s_limit, (loop, held) => _told.Add((loop, held)));

    [Fact]
    public void A_batch_is_told_once_within_one_and_a_half_times_the_limit()
    {
        _loops[1].Hold();
        Pass(TimeSpan.FromSeconds(0.99));
        Assert.Empty(_told);
        Pass(TimeSpan.FromSeconds(0.51));
        (int loop, TimeSpan held) = Assert.Single(_told);
        Assert.Equal(1, loop);
        Assert.InRange(held, s_limit, s_limit * 1.5);
        Assert.Equal((0, 1), (_watch.StallsOf(0), _watch.StallsOf(1)));
        Assert.Equal((false, true), (_watch.IsStalled(0), _watch.IsStalled(1)));

        Pass(TimeSpan.FromMinutes(1));
        Assert.Single(_told);
        _loops[1].Release();
        Assert.False(_watch.IsStalled(1));
        Pass(TimeSpan.FromMinutes(1));
        Assert.Equal(1, _watch.StallsOf(1));

        _loops[1].Hold();
        Pass(TimeSpan.FromSeconds(1.5));
        Assert.Equal(2, _watch.StallsOf(1));
        _loops[1].Release();
    }

    [Fact]
    public void A_loop_that_is_busy_with_short_batches_or_rests_is_not_told()
    {
        for (int i = 0; i < 40; i++)
        {
            _loops[0].Hold();
            Pass(TimeSpan.FromSeconds(0.25));
            _loops[0].Release();
        }

        Pass(TimeSpan.FromHours(1));
        Assert.Empty(_told);
    }

    public void Dispose()
    {
        foreach (HeldLoop loop in _loops)
            loop.Dispose();
    }

    // In steps of 10 ms, with a look where one is due.
    private void Pass(TimeSpan span)
    {
        for (TimeSpan passed = TimeSpan.Zero; passed < span; passed += s_step)
        {
            _time.Advance(s_step);
            _sinceLook += s_step;
            if (_sinceLook < _watch.Period)
                continue;
            _sinceLook = TimeSpan.Zero;
            _watch.Look();
        }
    }

    /// <summary>A loop whose one handler ends when the test says so.</summary>
    private sealed class HeldLoop : CompletionLoop, IDisposable
    {
        private readonly SemaphoreSlim _kernel = new(0);
        private readonly SemaphoreSlim _entered = new(0);
        private readonly SemaphoreSlim _release = new(0);
        private bool _stopping;

        public HeldLoop()
            : base(CompletionScheduling.Inline, static _ => { }, "held loop") => StartThread();

        public void Hold()
        {
            Schedule(new Work(this));
            Assert.True(_entered.Wait(s_deadline));
        }

        public void Release()
        {
            long batch = Batch;
            _release.Release();
            Assert.True(SpinWait.SpinUntil(() => Batch != batch, s_deadline));
        }

        public void Dispose()
        {
            Volatile.Write(ref _stopping, true);
            _kernel.Release();
        }

        protected override void Run()
        {
            while (!Volatile.Read(ref _stopping))
            {
                RunReady();
                if (TrySleep(ref _stopping))
                    _kernel.Wait();
                Awake();
            }

            EndThread();
        }

        protected override void Wake() => _kernel.Release();

        private sealed class Work(HeldLoop loop) : CompletionWork
        {
            public override void Run()
            {
                loop._entered.Release();
                loop._release.Wait(s_deadline);
            }
        }
    }
}
