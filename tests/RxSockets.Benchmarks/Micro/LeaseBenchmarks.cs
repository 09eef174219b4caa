using System.Buffers;
using BenchmarkDotNet.Attributes;
using RxSockets.Buffers;

namespace RxSockets.Benchmarks.Micro;

/// <summary>What a received segment costs beside its bytes: rented, filled, lent, returned; and the same with the array pool.</summary>
[MemoryDiagnoser]
public class LeaseBenchmarks
{
    private const int Loans = 1 << 20;
    private const int Bytes = 16384;

    private readonly BufferPool _pool = new(Bytes, maxBytes: 1 << 20);

    [Benchmark(Description = "lease: rent, lend, look, return", OperationsPerInvoke = Loans)]
    public long Lend()
    {
        long sum = 0;
        for (int i = 0; i < Loans; i++)
        {
            BufferLease lease = Rent();
            ReceivedSegment segment = lease.Lend();
            sum += segment.Memory.Length;
            lease.EndLoan();
        }

        return sum;
    }

    [Benchmark(Description = "lease: rent, lend, retain, dispose", OperationsPerInvoke = Loans)]
    public long Retain()
    {
        long sum = 0;
        for (int i = 0; i < Loans; i++)
        {
            BufferLease lease = Rent();
            using IMemoryOwner<byte> kept = lease.Lend().Retain();
            lease.EndLoan();
            sum += kept.Memory.Length;
        }

        return sum;
    }

    [Benchmark(Baseline = true, Description = "ArrayPool: rent, return", OperationsPerInvoke = Loans)]
    public long Array()
    {
        long sum = 0;
        for (int i = 0; i < Loans; i++)
        {
            byte[] array = ArrayPool<byte>.Shared.Rent(Bytes);
            sum += array.Length;
            ArrayPool<byte>.Shared.Return(array);
        }

        return sum;
    }

    private BufferLease Rent()
    {
        BufferLease lease = _pool.TryRent() ?? throw new InvalidOperationException("The pool is empty.");
        lease.Fill(64, holder: null);
        return lease;
    }
}
