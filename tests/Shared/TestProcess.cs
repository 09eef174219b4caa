using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace RxSockets.Testing;

/// <summary>Prepares a test process before its first test. Inert except for the encoding, unless the process runs under Wine.</summary>
internal static unsafe class TestProcess
{
    private const int ThreadBasicInformation = 0;
    private const nint EndOfExceptionList = -1;

    private static delegate* unmanaged<nint, int, void*, uint, uint*, int> s_queryInformationThread;

    // CA2255: a module initializer is meant for exactly this, an executable's own start-up.
#pragma warning disable CA2255
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Initialize()
    {
        Console.OutputEncoding = Encoding.UTF8;
        if (OperatingSystem.IsWindows())
        {
            CureExceptionListUnderWine();
        }
    }

    /// <summary>
    /// Wine 8 leaves a dangling frame in the thread's TEB.ExceptionList when a managed exception has crossed native frames, and hangs at the
    /// second one: two failing tests are enough. 64-bit Windows does not use that list, so ending it is harmless.
    /// </summary>
    private static void CureExceptionListUnderWine()
    {
        if (!Environment.Is64BitProcess
            || !NativeLibrary.TryLoad("ntdll.dll", out nint ntdll)
            || !NativeLibrary.TryGetExport(ntdll, "wine_get_version", out _)
            || !NativeLibrary.TryGetExport(ntdll, "NtQueryInformationThread", out nint query))
        {
            return;
        }

        s_queryInformationThread = (delegate* unmanaged<nint, int, void*, uint, uint*, int>)query;
        EndExceptionList();
        AppDomain.CurrentDomain.FirstChanceException += static (_, _) => EndExceptionList();
    }

    private static void EndExceptionList()
    {
        const nint currentThread = -2;
        BasicInformation information;
        if (s_queryInformationThread(currentThread, ThreadBasicInformation, &information, (uint)sizeof(BasicInformation), null) >= 0)
        {
            *(nint*)information.TebBaseAddress = EndOfExceptionList;
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct BasicInformation
    {
        public int ExitStatus;
        public nint TebBaseAddress;
        public nint UniqueProcess;
        public nint UniqueThread;
        public nuint AffinityMask;
        public int Priority;
        public int BasePriority;
    }
}
