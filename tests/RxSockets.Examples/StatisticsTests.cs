using RxSockets.Benchmarks.Statistics;

namespace RxSockets.Examples;

/// <summary>The arithmetic behind the tables of the benchmarks.</summary>
public class StatisticsTests
{
    [Theory]
    [InlineData(new[] { 3.0 }, 3.0)]
    [InlineData(new[] { 9.0, 1.0, 2.0 }, 2.0)]
    [InlineData(new[] { 4.0, 1.0, 100.0, 2.0 }, 3.0)]
    public void A_median_is_the_value_in_the_middle(double[] values, double median) => Assert.Equal(median, Sample.Median(values));

    [Fact]
    public void Nothing_has_no_median() => Assert.Throws<ArgumentException>(static () => Sample.Median([]));

    [Fact]
    public void Values_that_agree_have_an_interval_of_no_width() => Assert.Equal(new Interval(2, 2, 2), Sample.MedianInterval([2, 2, 2, 2, 2]));

    [Fact]
    public void An_interval_lies_around_the_median_within_the_values_and_ignores_one_that_is_far_off()
    {
        double[] values = [.. Enumerable.Range(0, 24).Select(static i => 1 + (i * 0.01)), 1000];
        Interval interval = Sample.MedianInterval(values);
        Assert.Equal(1.12, interval.Median, 9);
        Assert.InRange(interval.Low, 1.01, 1.11);
        Assert.InRange(interval.High, 1.13, 1.23);
    }

    // For the median of 25 values the binomial distribution gives the 8th and the 18th as bounds of 95.7 %: the bootstrap must come near.
    [Fact]
    public void An_interval_is_that_of_the_order_statistics()
    {
        Interval interval = Sample.MedianInterval([.. Enumerable.Range(1, 25).Select(static i => (double)i)]);
        Assert.Equal(13, interval.Median);
        Assert.InRange(interval.Low, 7, 9);
        Assert.InRange(interval.High, 17, 19);
    }

    [Fact]
    public void The_same_values_have_the_same_interval_again()
    {
        double[] values = [5, 1, 4, 2, 8, 5, 7];
        Assert.Equal(Sample.MedianInterval(values), Sample.MedianInterval(values));
    }

    [Fact]
    public void Quantiles_are_durations_that_so_many_did_not_exceed()
    {
        var histogram = new LatencyHistogram();
        Assert.Equal(0, histogram.Quantile(0.5));
        for (int i = 1; i <= 1000; i++)
            histogram.Record(i);
        Assert.Equal((500, 990, 999), (histogram.Quantile(0.5), histogram.Quantile(0.99), histogram.Quantile(0.999)));
        histogram.Record(long.MaxValue);
        Assert.Equal(200_000, histogram.Quantile(1));
        histogram.Clear();
        Assert.Equal(0, histogram.Quantile(0.5));
    }
}
