using BenchmarkDotNet.Attributes;
using RxSockets.Engines.IoUring;
using RxSockets.Native.Linux;

namespace RxSockets.Benchmarks.Micro;

/// <summary>What a request costs that does nothing: written, submitted and reaped, one by one and many in one call. Linux with io_uring only.</summary>
[MemoryDiagnoser]
public class RingBenchmarks
{
    private const int Requests = 1 << 20;
    private const int Batch = 64;

    /// <summary>A call of the kernel for each request.</summary>
    [Benchmark(Description = "submit and complete, one by one", OperationsPerInvoke = Requests)]
    public void OneByOne() => Run(1);

    /// <summary>A call of the kernel for 64.</summary>
    [Benchmark(Description = "submit and complete, 64 at once", OperationsPerInvoke = Requests)]
    public void Together() => Run(Batch);

    // The ring belongs to the thread that enables it: made here, where it is used.
    private static unsafe void Run(int batch)
    {
        using var ring = new Ring(Batch, 4 * Batch);
        ring.Enable();
        for (int done = 0; done < Requests;)
        {
            for (int i = 0; i < batch; i++)
                ring.Next()->user_data = (ulong)i;
            ring.Enter((uint)batch, timeoutNanoseconds: -1);
            while (ring.TryReap(out io_uring_cqe _))
                done++;
        }
    }
}
