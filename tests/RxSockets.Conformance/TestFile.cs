using Microsoft.Win32.SafeHandles;

namespace RxSockets.Conformance;

/// <summary>A file of random bytes that lives as long as its test.</summary>
internal sealed class TestFile : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), "rxsockets-" + Guid.NewGuid().ToString("N"));

    public TestFile(int bytes, int seed = 1)
    {
        Bytes = new byte[bytes];
        new Random(seed).NextBytes(Bytes);
        File.WriteAllBytes(_path, Bytes);
        Handle = File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, FileOptions.SequentialScan);
    }

    public byte[] Bytes { get; }

    public string FullPath => _path;

    public SafeFileHandle Handle { get; }

    /// <summary>Another writer makes it shorter or longer.</summary>
    public void SetLength(long length)
    {
        using SafeFileHandle writer = File.OpenHandle(_path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        RandomAccess.SetLength(writer, length);
    }

    public void Dispose()
    {
        Handle.Dispose();
        File.Delete(_path);
    }
}

/// <summary>Comparing megabytes one by one, as Assert.Equal does, takes seconds.</summary>
internal static class Bytes
{
    public static void Same(IReadOnlyList<byte> expected, byte[] actual)
    {
        byte[] wanted = expected as byte[] ?? [.. expected];
        Assert.Equal(wanted.Length, actual.Length);
        int same = wanted.AsSpan().CommonPrefixLength(actual);
        Assert.True(same == wanted.Length, $"different from byte {same} on");
    }
}
