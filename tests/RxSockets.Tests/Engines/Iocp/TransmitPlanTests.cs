using Microsoft.Win32.SafeHandles;
using RxSockets.Engines.Iocp;
using RxSockets.Operations;

namespace RxSockets.Tests.Engines.Iocp;

/// <summary>How a batch is cut into calls; above all the partition at 2,147,483,646 bytes.</summary>
public class TransmitPlanTests
{
    private static readonly SafeFileHandle s_file = new(1, ownsHandle: false);

    [Fact]
    public void More_than_a_call_takes_is_cut_with_the_head_first_and_the_tail_last()
    {
        const long Length = 5_000_000_000;
        var batch = new TransmitBatch { Flags = TransmitFlags.Disconnect };
        batch.Add(new byte[10], endOfPacket: false);
        batch.Add(s_file, 7, Length, endOfPacket: false);
        batch.Add(new byte[5], endOfPacket: false);
        var plan = new TransmitPlan();
        plan.Begin(batch, new WinsockExtensions());
        List<(int Head, long Offset, long Count, int Tail, uint Flags, bool Last)> calls = [];
        while (!plan.IsDone)
        {
            Assert.True(plan.HasFileAhead);
            Assert.Equal(TransmitStep.File, plan.Next(mayTransmit: true));
            Assert.InRange(plan.Bytes, 1, TransmitPlan.MaxCallBytes);
            calls.Add((plan.Head.Length, plan.FileOffset, plan.FileCount, plan.Tail.Length, plan.Flags, plan.IsLast));
            plan.Advance(plan.Bytes);
        }

        const long First = TransmitPlan.MaxCallBytes - 10;
        const long Second = TransmitPlan.MaxCallBytes;
        Assert.Equal(
            [(10, 7, First, 0, 0u, false), (0, 7 + First, Second, 0, 0u, false), (0, 7 + First + Second, Length - First - Second, 5, 1u, true)], calls);
        batch.Clear();
    }

    [Fact]
    public void A_tail_that_does_not_fit_goes_by_itself()
    {
        var batch = new TransmitBatch();
        batch.Add(s_file, 0, 100, endOfPacket: false);
        batch.Add(new byte[5], endOfPacket: false);
        var plan = new TransmitPlan { LargestCall = 102 };
        plan.Begin(batch, new WinsockExtensions());
        Assert.Equal((TransmitStep.File, 100L, 0), (plan.Next(true), plan.FileCount, plan.Tail.Length));
        plan.Advance(100);
        Assert.Equal((TransmitStep.Send, 5L, true), (plan.Next(true), plan.Bytes, plan.IsLast));
        batch.Clear();
    }

    [Fact]
    public unsafe void Packets_are_cut_within_an_element_and_the_end_of_packet_stays_at_its_end()
    {
        var batch = new TransmitBatch { SendSize = TransmitPacket.SendSizePerPacket };
        batch.Add(s_file, 0, 150, endOfPacket: true);
        batch.Add(new byte[10], endOfPacket: true);
        var plan = new TransmitPlan { LargestCall = 100 };
        plan.Begin(batch, new WinsockExtensions { TransmitPacketsPointer = (delegate* unmanaged[Stdcall]<nint, RxSockets.Native.Windows.TRANSMIT_PACKETS_ELEMENT*, uint, uint, RxSockets.Native.Windows.OVERLAPPED*, uint, int>)1 });
        Assert.Equal(TransmitStep.Packets, plan.Next(true));
        Assert.Equal([(0L, 100L, false)], plan.Elements.ToArray().Select(static element => (element.Offset, element.Count, element.EndOfPacket)));
        plan.Advance(100);
        plan.Next(true);
        Assert.Equal([(100L, 50L, true), (0L, 10L, true)], plan.Elements.ToArray().Select(static element => (element.Offset, element.Count, element.EndOfPacket)));
        Assert.True(plan.IsLast);
        batch.Clear();
    }

    [Fact]
    public void More_elements_than_a_call_takes_go_in_several()
    {
        var batch = new TransmitBatch();
        for (int i = 0; i < 150; i++)
            batch.Add(new byte[3], endOfPacket: false);
        var plan = new TransmitPlan();
        plan.Begin(batch, new WinsockExtensions());
        List<int> counts = [];
        while (!plan.IsDone)
        {
            Assert.Equal(TransmitStep.Send, plan.Next(true));
            counts.Add(plan.Elements.Length);
            plan.Advance(plan.Bytes);
        }

        Assert.Equal([64, 64, 22], counts);
    }

    [Fact]
    public void A_send_that_took_a_part_goes_on_where_it_was()
    {
        var batch = new TransmitBatch();
        foreach (int length in new[] { 4, 6, 8 })
            batch.Add(new byte[length], endOfPacket: false);
        var plan = new TransmitPlan();
        plan.Begin(batch, new WinsockExtensions());
        plan.Next(true);
        plan.Advance(7);
        plan.Next(true);
        Assert.Equal([3L, 8L], plan.Elements.ToArray().Select(static element => (long)element.Memory.Length));
        plan.Advance(11);
        Assert.True(plan.IsDone);
    }
}
