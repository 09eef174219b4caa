using Microsoft.Win32.SafeHandles;

namespace RxSockets.Hunt;

/// <summary>The file of one world, made when a frame is first sent from it, and gone with the world. One thread at a time, as everything in a world.</summary>
internal sealed class HuntFile : IDisposable
{
    private SafeFileHandle? _handle;
    private long _end;

    /// <summary>Puts the bytes at the end of the file; returns where they begin.</summary>
    public (SafeFileHandle Handle, long Offset) Append(ReadOnlySpan<byte> bytes)
    {
        _handle ??= File.OpenHandle(
            Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);
        long offset = _end;
        RandomAccess.Write(_handle, bytes, offset);
        _end += bytes.Length;
        return (_handle, offset);
    }

    public void Dispose() => _handle?.Dispose();
}
