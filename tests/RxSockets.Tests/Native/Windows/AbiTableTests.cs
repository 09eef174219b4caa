using System.Globalization;
using System.Text.RegularExpressions;

namespace RxSockets.Tests.Native.Windows;

/// <summary>
/// Native/Windows against mswsock-abi.txt, the output of a C program that was compiled with mingw-w64's headers (10.0.0) and run under Wine: sizes and
/// offsets for x64, GUIDs, constants. Runs everywhere; <see cref="AbiHeaderTests"/> compares with the headers themselves.
/// </summary>
public partial class AbiTableTests
{
    [Fact]
    public void Constants_sizes_offsets_and_guids_are_those_of_the_table()
    {
        Assert.SkipUnless(Environment.Is64BitProcess, "The table is for 64 bit.");
        Dictionary<string, string> table = Read();
        var wrong = new List<string>();
        var compared = new HashSet<string>();
        foreach ((string name, long value) in WindowsAbi.Constants().Concat(WindowsAbi.Layouts()))
        {
            if (table.TryGetValue(name, out string? theirs) && compared.Add(name) && Parse(theirs) is var expected && expected != value && (uint)expected != (uint)value)
                wrong.Add($"{name}: {value} here, {theirs} in the table");
        }

        foreach ((string name, Guid value) in WindowsAbi.Guids())
        {
            compared.Add(name);
            if (Guid.Parse(table[name]) != value)
                wrong.Add($"{name}: {value} here, {table[name]} in the table");
        }

        Assert.Empty(wrong);
        Assert.True(compared.Count > 80, $"only {compared.Count} compared");
    }

    [Fact]
    public void Every_size_offset_and_function_that_is_declared_is_in_the_table()
    {
        Dictionary<string, string> table = Read();
        IEnumerable<string> missing = WindowsAbi.Layouts().Select(static layout => layout.Name).Concat(WindowsAbi.Guids().Select(static guid => guid.Name))
            .Where(name => !table.ContainsKey(name));
        // The probe did not print these; the headers are compared for them where the compiler is.
        Assert.Equal(
            ["sizeof(LINGER)", "offsetof(LINGER, l_onoff)", "offsetof(LINGER, l_linger)", "offsetof(struct sockaddr_in, sin_zero)"],
            missing);
    }

    private static Dictionary<string, string> Read()
    {
        using Stream stream = typeof(AbiTableTests).Assembly.GetManifestResourceStream("mswsock-abi.txt")!;
        using var reader = new StreamReader(stream);
        var table = new Dictionary<string, string>();
        while (reader.ReadLine() is { } line)
        {
            Match match = Line().Match(line);
            Assert.True(match.Success, line);
            table[match.Groups["name"].Value] = match.Groups["value"].Value;
        }

        return table;
    }

    private static long Parse(string value) =>
        value.StartsWith("0x", StringComparison.Ordinal)
            ? unchecked((long)ulong.Parse(value.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture))
            : long.Parse(value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^\s*(?<name>\S.*?) = \{?(?<value>[0-9A-Fa-fx-]+)\}?")]
    private static partial Regex Line();
}
