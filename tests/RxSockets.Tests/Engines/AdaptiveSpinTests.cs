using RxSockets.Engines;

namespace RxSockets.Tests.Engines;

public class AdaptiveSpinTests
{
    private readonly AdaptiveSpin _spin = new(TimeSpan.FromMicroseconds(100));

    [Fact]
    public void It_is_tried_after_a_few_short_waits_in_a_row()
    {
        Wait(AdaptiveSpin.Trust - 1, _spin.LongestTicks);
        Assert.False(_spin.IsWorthwhile);
        Wait(1, _spin.LongestTicks);
        Assert.True(_spin.IsWorthwhile);
        _spin.Looked(found: true);
        Assert.True(_spin.IsWorthwhile);
    }

    [Fact]
    public void A_long_wait_begins_the_count_anew()
    {
        Wait(AdaptiveSpin.Trust, 1);
        Wait(1, _spin.LongestTicks + 1);
        Assert.False(_spin.IsWorthwhile);
        Wait(AdaptiveSpin.Trust - 1, 1);
        Assert.False(_spin.IsWorthwhile);
        Wait(1, 1);
        Assert.True(_spin.IsWorthwhile);
    }

    [Fact]
    public void Each_time_in_vain_it_is_put_off_twice_as_long_up_to_a_bound_and_success_forgets_that()
    {
        int expected = AdaptiveSpin.Trust;
        for (int tries = 0; tries < 20; tries++)
        {
            Assert.Equal(expected, WaitsUntilWorthwhile());
            _spin.Looked(found: false);
            expected = Math.Min(expected * 2, 4096);
        }

        Assert.Equal(4096, WaitsUntilWorthwhile());
        _spin.Looked(found: true);
        _spin.Looked(found: false);
        Assert.Equal(2 * AdaptiveSpin.Trust, WaitsUntilWorthwhile());
    }

    private int WaitsUntilWorthwhile()
    {
        int waits = 0;
        for (; !_spin.IsWorthwhile; waits++)
            Wait(1, 1);
        return waits;
    }

    private void Wait(int times, long ticks)
    {
        for (int i = 0; i < times; i++)
            _spin.Waited(ticks);
    }
}
