using RxSockets.Engines.IoUring;
using RxSockets.Native.Linux;

namespace RxSockets.Tests.Engines.IoUring;

/// <summary>The kernel, but for what it refuses.</summary>
internal sealed unsafe class RefusingRingSystem : IRingSystem
{
    private int _setups;
    private int _refused;

    public int SetupErrno { get; init; }

    /// <summary>Setups that pass before the refusals begin.</summary>
    public int After { get; init; }

    /// <summary>Refusals, before setups pass again.</summary>
    public int Times { get; init; } = int.MaxValue;

    public uint RefusedFlags { get; init; }

    public uint RefusedRegister { get; init; } = uint.MaxValue;

    /// <summary>Features that an older kernel does not have.</summary>
    public uint HiddenFeatures { get; init; }

    public bool WithoutOperations { get; init; }

    public List<uint> Asked { get; } = [];

    public int Setup(uint entries, io_uring_params* parameters)
    {
        bool refuse = SetupErrno != 0 && _setups++ >= After && _refused < Times;
        if (refuse)
        {
            Asked.Add(entries);
            _refused++;
            return -SetupErrno;
        }

        int result = (parameters->flags & RefusedFlags) != 0 ? -Errno.EINVAL : KernelRingSystem.Instance.Setup(entries, parameters);
        parameters->features &= ~HiddenFeatures;
        return result;
    }

    public int Register(int ring, uint opcode, void* argument, uint count)
    {
        if (opcode == RefusedRegister)
            return -Errno.EINVAL;
        // An empty answer to the probe: no operation is known.
        return WithoutOperations && opcode == IoUringAbi.IORING_REGISTER_PROBE ? 0 : KernelRingSystem.Instance.Register(ring, opcode, argument, count);
    }

    public nint Map(nuint length, int ring, ulong offset) => KernelRingSystem.Instance.Map(length, ring, offset);
}
