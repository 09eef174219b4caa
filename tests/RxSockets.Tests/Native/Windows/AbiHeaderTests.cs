using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace RxSockets.Tests.Native.Windows;

/// <summary>
/// Native/Windows against the headers of mingw-w64: one static assertion per constant, size, offset and GUID word, compiled and not run. What the
/// installed header does not define is reported, and only what is known to be too new for it may be.
/// </summary>
public partial class AbiHeaderTests
{
    private const string Compiler = "x86_64-w64-mingw32-gcc";

    // Enumerators, which #ifdef does not see.
    private static readonly string[] s_enumerators = ["IPPROTO_TCP", "IPPROTO_UDP", "IPPROTO_IPV6"];

    // mingw-w64 10 does not have what came after Windows 8.
    private static readonly HashSet<string> s_newer = ["SO_REUSE_UNICASTPORT", "AF_UNIX", "TCP_KEEPIDLE", "TCP_KEEPCNT", "TCP_KEEPINTVL", "SIO_UDP_NETRESET"];

    [Fact]
    public void Constants_sizes_offsets_and_guids_are_those_of_the_headers()
    {
        (string errors, int asserted) = Compile(wrongOnPurpose: false);
        Assert.DoesNotContain("error", errors, StringComparison.Ordinal);
        string[] missing = [.. Missing().Matches(errors).Select(static match => match.Groups["name"].Value)];
        Assert.Subset(s_newer, missing.ToHashSet());
        Assert.True(asserted > 170, $"only {asserted} assertions");
    }

    [Fact]
    public void A_wrong_value_is_found()
    {
        (string errors, _) = Compile(wrongOnPurpose: true);
        Assert.Contains("wrong on purpose", errors, StringComparison.Ordinal);
    }

    private static (string Errors, int Asserted) Compile(bool wrongOnPurpose)
    {
        var source = new StringBuilder("""
            #include <winsock2.h>
            #include <ws2tcpip.h>
            #include <mswsock.h>
            #include <windows.h>
            #include <stddef.h>
            #include <ntstatus.h>

            """);
        var guids = new StringBuilder("#include <winsock2.h>\n#include <mswsock.h>\n");
        int asserted = 0;
        foreach ((string name, long value) in WindowsAbi.Constants())
        {
            // 32 bits, as the C type has them: signed there, unsigned here, or the other way round.
            string assertion = $"_Static_assert((unsigned)(long long)({name}) == {unchecked((uint)value).ToString(CultureInfo.InvariantCulture)}u, \"{name}\");";
            source.AppendLine(s_enumerators.Contains(name) ? assertion : $"#ifdef {name}\n{assertion}\n#else\n#pragma message \"missing {name}\"\n#endif");
            asserted++;
        }

        foreach ((string name, long value) in WindowsAbi.Layouts())
        {
            source.AppendLine(CultureInfo.InvariantCulture, $"_Static_assert({name} == {value}, \"{name}\");");
            asserted++;
        }

        foreach ((string name, Guid value) in WindowsAbi.Guids())
        {
            byte[] bytes = value.ToByteArray();
            string words = $"0x{BitConverter.ToUInt32(bytes):x8},0x{BitConverter.ToUInt16(bytes, 4):x4},0x{BitConverter.ToUInt16(bytes, 6):x4}";
            string tail = string.Join(',', bytes.Skip(8).Select(static part => $"0x{part:x2}"));
            guids.AppendLine(CultureInfo.InvariantCulture, $"RX_GUID {name} = {words},{tail}");
            asserted++;
        }

        if (wrongOnPurpose)
            source.AppendLine("_Static_assert(sizeof(OVERLAPPED) == 31, \"wrong on purpose\");");
        string folder = Directory.CreateTempSubdirectory("rxabi").FullName;
        try
        {
            string code = Path.Combine(folder, "abi.c");
            File.WriteAllText(code, source.ToString());
            string errors = Run($"-fsyntax-only {code}");
            // An aggregate is no constant expression in C: what the preprocessor makes of the macro is compared.
            string list = Path.Combine(folder, "guids.c");
            File.WriteAllText(list, guids.ToString());
            return (errors + CheckGuids(Run($"-E -P {list}")), asserted);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Each line of the preprocessed source: RX_GUID {0x..,0x..,0x..,{..}} = words.
    private static string CheckGuids(string preprocessed)
    {
        var wrong = new StringBuilder();
        int found = 0;
        foreach (Match match in Preprocessed().Matches(preprocessed))
        {
            found++;
            string theirs = Normalized(match.Groups["theirs"].Value);
            string ours = Normalized(match.Groups["ours"].Value);
            if (theirs != ours)
                wrong.AppendLine(CultureInfo.InvariantCulture, $"error: GUID {ours} here, {theirs} in the header");
        }

        Assert.Equal(WindowsAbi.Guids().Count(), found);
        return wrong.ToString();
    }

    private static string Normalized(string words) => string.Join(',', Number().Matches(words).Select(static match => Convert.ToUInt32(match.Value, 16).ToString("x", CultureInfo.InvariantCulture)));

    private static string Run(string arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(Compiler, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            Assert.True(process.WaitForExit(60_000));
            return output + errors.Result;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip($"{Compiler} is not on this machine.");
            throw;
        }
    }

    [GeneratedRegex(@"missing (?<name>\w+)")]
    private static partial Regex Missing();

    [GeneratedRegex(@"RX_GUID (?<theirs>.*) = (?<ours>.*)$", RegexOptions.Multiline)]
    private static partial Regex Preprocessed();

    [GeneratedRegex(@"0x[0-9a-fA-F]+")]
    private static partial Regex Number();
}
