using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using RxSockets.Native.Linux;

namespace RxSockets.Tests.Native.Linux;

/// <summary>
/// Every constant, size and offset of Native/Linux against the system's own headers, by a small C program. Two published .NET libraries had wrong
/// ones. A constant that the installed header does not have yet is listed as unchecked; the engine's probe is its test.
/// </summary>
public class AbiTests
{
    private static readonly Type[] s_structs =
    [
        typeof(io_uring_sqe), typeof(io_uring_cqe), typeof(io_sqring_offsets), typeof(io_cqring_offsets), typeof(io_uring_params),
        typeof(io_uring_buf), typeof(io_uring_buf_reg), typeof(io_uring_getevents_arg), typeof(io_uring_probe_op), typeof(io_uring_recvmsg_out),
        typeof(iovec), typeof(msghdr), typeof(mmsghdr), typeof(linger), typeof(ip_mreqn), typeof(ipv6_mreq),
    ];

    // Ours: kernel's, where the kernel nests, renames or reserves.
    private static readonly Dictionary<string, string?> s_fields = new()
    {
        ["io_uring_sqe.op_flags"] = "msg_flags", ["io_uring_sqe.addr3"] = "addr3", ["io_uring_sqe.file_index"] = "file_index",
        ["io_sqring_offsets.user_addr"] = "resv2", ["io_cqring_offsets.user_addr"] = "resv2",
        ["io_uring_params.resv0"] = "resv", ["io_uring_params.resv1"] = null, ["io_uring_params.resv2"] = null,
        ["io_uring_buf_reg.flags"] = "pad", ["io_uring_buf_reg.resv0"] = "resv", ["io_uring_buf_reg.resv1"] = null, ["io_uring_buf_reg.resv2"] = null,
    };

    // Later than the header of 6.1 that Debian 12 has. struct cachestat is not compared for the same reason: PageCacheTests is its test.
    private static readonly HashSet<string> s_newer = ["IORING_SETUP_NO_SQARRAY", "IORING_FEAT_RECVSEND_BUNDLE", "IORING_RECVSEND_BUNDLE", "SYS_cachestat"];

    [Fact]
    public void Constants_sizes_and_offsets_are_those_of_the_headers()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The headers are Linux's.");
        string folder = Directory.CreateTempSubdirectory("rxabi").FullName;
        try
        {
            Dictionary<string, long> native = CompileAndRun(folder);
            var wrong = new List<string>();
            var unchecked_ = new List<string>();
            int compared = 0;
            foreach ((string name, long value) in Ours())
            {
                if (!native.TryGetValue(name, out long theirs))
                    unchecked_.Add(name);
                else if (theirs != value)
                    wrong.Add($"{name}: {value} here, {theirs} in the header");
                else
                    compared++;
            }

            TestContext.Current.TestOutputHelper?.WriteLine($"{compared} compared; not in this header: {string.Join(", ", unchecked_)}");
            Assert.Empty(wrong);
            // Debian 12's header is that of 6.1; only what came later may be missing.
            Assert.Subset(s_newer, unchecked_.ToHashSet());
            Assert.True(compared > 150, $"only {compared} compared");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IEnumerable<(string Name, long Value)> Ours()
    {
        foreach ((string name, object value) in Constants())
            yield return (name, Convert.ToInt64(value is ulong large ? unchecked((long)large) : value, System.Globalization.CultureInfo.InvariantCulture));
        foreach (Type type in s_structs)
        {
            yield return ($"sizeof({type.Name})", SizeOf(type));
            foreach ((FieldInfo field, string name) in Fields(type))
                yield return ($"{type.Name}.{field.Name}", Marshal.OffsetOf(type, field.Name).ToInt64());
        }

        yield return ("TcpiLastDataSentOffset", LinuxConstants.TcpiLastDataSentOffset);
        yield return ("TcpiBytesAckedOffset", LinuxConstants.TcpiBytesAckedOffset);
        yield return ("StatxSize", LinuxConstants.StatxSize);
        yield return ("StatxModeOffset", LinuxConstants.StatxModeOffset);
        yield return ("StatxInodeOffset", LinuxConstants.StatxInodeOffset);
        yield return ("StatxDeviceMajorOffset", LinuxConstants.StatxDeviceMajorOffset);
    }

    private static IEnumerable<(string Name, object Value)> Constants() =>
        from type in new[] { typeof(IoUringAbi), typeof(LinuxConstants), typeof(Errno) }
        from field in type.GetFields(BindingFlags.Public | BindingFlags.Static)
        where field.IsLiteral && field.Name.Contains('_') | field.Name == field.Name.ToUpperInvariant()
        select (field.Name, field.GetRawConstantValue()!);

    private static int SizeOf(Type type) => Marshal.SizeOf(type);

    private static IEnumerable<(FieldInfo Field, string Name)> Fields(Type type) =>
        from field in type.GetFields(BindingFlags.Public | BindingFlags.Instance)
        let native = s_fields.GetValueOrDefault($"{type.Name}.{field.Name}", field.Name)
        where native is not null
        select (field, native);

    private static Dictionary<string, long> CompileAndRun(string folder)
    {
        var source = new StringBuilder("""
            #define _GNU_SOURCE
            #include <errno.h>
            #include <fcntl.h>
            #include <linux/io_uring.h>
            #include <linux/sockios.h>
            #include <linux/stat.h>
            #include <linux/tcp.h>
            #include <netinet/in.h>
            #include <poll.h>
            #include <sched.h>
            #include <stddef.h>
            #include <stdio.h>
            #include <sys/eventfd.h>
            #include <sys/ioctl.h>
            #include <sys/mman.h>
            #include <sys/socket.h>
            #include <sys/syscall.h>
            #include <sys/uio.h>
            #ifndef S_IFSOCK
            #define S_IFMT 0170000
            #define S_IFSOCK 0140000
            #endif
            #define P(name, value) printf("%s %lld\n", name, (long long)(value))
            int main(void) {

            """);
        foreach ((string name, object _) in Constants())
        {
            // Enumerators cannot be asked for by #ifdef; those that Debian 12's header lacks are macros.
            bool mayBeMissing = s_newer.Contains(name);
            source.AppendLine(mayBeMissing ? $"#ifdef {name}\nP(\"{name}\", {name});\n#endif" : $"P(\"{name}\", {name});");
        }

        foreach (Type type in s_structs)
        {
            source.AppendLine($"P(\"sizeof({type.Name})\", sizeof(struct {type.Name}));");
            foreach ((FieldInfo field, string name) in Fields(type))
                source.AppendLine($"P(\"{type.Name}.{field.Name}\", offsetof(struct {type.Name}, {name}));");
        }

        source.AppendLine("P(\"TcpiLastDataSentOffset\", offsetof(struct tcp_info, tcpi_last_data_sent));");
        source.AppendLine("P(\"TcpiBytesAckedOffset\", offsetof(struct tcp_info, tcpi_bytes_acked));");
        source.AppendLine("P(\"StatxSize\", sizeof(struct statx));");
        source.AppendLine("P(\"StatxModeOffset\", offsetof(struct statx, stx_mode));");
        source.AppendLine("P(\"StatxInodeOffset\", offsetof(struct statx, stx_ino));");
        source.AppendLine("P(\"StatxDeviceMajorOffset\", offsetof(struct statx, stx_dev_major));");
        source.AppendLine("return 0; }");

        string code = Path.Combine(folder, "abi.c");
        string program = Path.Combine(folder, "abi");
        File.WriteAllText(code, source.ToString());
        (int compiled, _, string errors) = Run("gcc", $"-o {program} {code}");
        Assert.SkipWhen(compiled == 127, "gcc is not on this machine.");
        Assert.SkipWhen(errors.Contains("No such file or directory", StringComparison.Ordinal), "A header is not on this machine: " + errors.Split('\n')[0]);
        Assert.True(compiled == 0, errors);
        (int ran, string output, _) = Run(program, "");
        Assert.Equal(0, ran);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(static line => line.Split(' ')).GroupBy(static parts => parts[0])
            .ToDictionary(static group => group.Key, static group => long.Parse(group.First()[1], System.Globalization.CultureInfo.InvariantCulture));
    }

    private static (int Code, string Output, string Errors) Run(string program, string arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            Assert.True(process.WaitForExit(60_000));
            return (process.ExitCode, output, errors.Result);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (127, "", "");
        }
    }
}
