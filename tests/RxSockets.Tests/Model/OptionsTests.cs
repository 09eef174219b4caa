using Xunit;

namespace RxSockets.Tests.Model;

public class OptionsTests
{
    public static TheoryData<string, CompletionPortOptions> BadPorts => new()
    {
        { nameof(CompletionPortOptions.Loops), new() { Loops = 65 } },
        { nameof(CompletionPortOptions.Loops), new() { Loops = -1 } },
        { nameof(CompletionPortOptions.SubmissionEntries), new() { SubmissionEntries = 100 } },
        { nameof(CompletionPortOptions.CompletionEntries), new() { CompletionEntries = 256 } },
        { nameof(CompletionPortOptions.ReceiveBufferSize), new() { ReceiveBufferSize = 255 } },
        { nameof(CompletionPortOptions.ReceiveBuffers), new() { ReceiveBuffers = 3 } },
        { nameof(CompletionPortOptions.MaxReceiveBufferBytes), new() { MaxReceiveBufferBytes = 1 } },
        { nameof(CompletionPortOptions.ReceiveLimit), new() { ReceiveLimit = 0 } },
        { nameof(CompletionPortOptions.MaxQueuedBytes), new() { MaxQueuedBytes = 0 } },
        { nameof(CompletionPortOptions.CloseTimeout), new() { CloseTimeout = TimeSpan.Zero } },
        { nameof(CompletionPortOptions.Engine), new() { Engine = (EngineKind)9 } },
        { nameof(CompletionPortOptions.Scheduling), new() { Scheduling = (CompletionScheduling)9 } },
    };

    public static TheoryData<string, ListenerOptions> BadListeners => new()
    {
        { nameof(ListenerOptions.FirstDataBytes), new() { FirstDataBytes = -1 } },
        { nameof(ListenerOptions.FirstDataBytes), new() { FirstDataBytes = 65537 } },
        { nameof(ListenerOptions.FirstDataTimeout), new() { FirstDataTimeout = TimeSpan.FromDays(25) } },
        { nameof(ListenerOptions.MaxPendingFirstData), new() { MaxPendingFirstData = 0 } },
        { nameof(ListenerOptions.Backlog), new() { Backlog = 0 } },
        { nameof(ListenerOptions.PendingAccepts), new() { PendingAccepts = 4097 } },
    };

    public static TheoryData<string, DatagramOptions> BadDatagrams => new()
    {
        { nameof(DatagramOptions.MaxDatagramSize), new() { MaxDatagramSize = 0 } },
        { nameof(DatagramOptions.MaxDatagramSize), new() { MaxDatagramSize = 65528 } },
        { nameof(DatagramOptions.ReceiveLimit), new() { ReceiveLimit = 0 } },
        { nameof(DatagramOptions.ReceiveLimit), new() { ReceiveLimit = 65537 } },
        { nameof(DatagramOptions.ReceiveBufferSize), new() { ReceiveBufferSize = -1 } },
        { nameof(DatagramOptions.SendBufferSize), new() { SendBufferSize = int.MaxValue } },
    };

    [Theory]
    [MemberData(nameof(BadDatagrams), DisableDiscoveryEnumeration = true)]
    public void A_bad_datagram_option_is_named_with_its_limits(string option, DatagramOptions options)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => options.Validated());
        Assert.Equal(option, error.ParamName);
        Assert.Contains(option + " must be", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(BadPorts), DisableDiscoveryEnumeration = true)]
    public void A_bad_port_option_is_named_with_its_limits(string option, CompletionPortOptions options)
    {
        var error = Assert.ThrowsAny<ArgumentOutOfRangeException>(() => CompletionPort.Create(options));
        Assert.Equal(option, error.ParamName);
        Assert.Contains(option + " must be", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(BadListeners), DisableDiscoveryEnumeration = true)]
    public void A_bad_listener_option_is_named_with_its_limits(string option, ListenerOptions options)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => options.Validated());
        Assert.Equal(option, error.ParamName);
        Assert.Contains(option + " must be", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_are_copied_and_defaults_are_valid()
    {
        var options = new CompletionPortOptions();
        CompletionPortOptions copy = options.Validated();
        options.Loops = 7;
        Assert.Equal(1, copy.Loops);
        Assert.NotSame(new ListenerOptions(), new ListenerOptions().Validated());
        Assert.Equal(32, new ListenerOptions().Validated().PendingAccepts);
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConnectOptions { Retry = -1 }.Validated());
    }

    [Fact]
    public void The_shared_port_cannot_be_disposed() =>
        Assert.Throws<InvalidOperationException>(() => { _ = CompletionPort.Shared.DisposeAsync(); });
}
