using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace FileServer;

/// <summary>An open file and what its answer says about it.</summary>
internal readonly record struct ServedFile(SafeFileHandle Handle, long Length, string ETag, string ContentType);

/// <summary>The folder that is served: from the target of a request to an open file, and never out of the folder.</summary>
internal sealed class FileRoot
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string _root;

    public FileRoot(string folder)
    {
        _root = Path.GetFullPath(folder);
        if (!Directory.Exists(_root))
            throw new DirectoryNotFoundException($"--root: '{folder}' is not a folder.");
    }

    /// <summary>0, or the status that refuses the path.</summary>
    public int TryOpen(string target, out ServedFile file)
    {
        file = default;
        if (!TryDecode(target, out string path))
            return 400;
        foreach (Range segment in path.AsSpan().Split('/'))
        {
            if (path.AsSpan(segment) is "..")
                return 403;
        }

        if (path.EndsWith('/'))
            path += "index.html";
        string full = Path.Join(_root, path);
        try
        {
            // Shared with everybody: the server must not keep others from writing, and asks for no lock.
            SafeFileHandle handle = File.OpenHandle(full, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            long length = RandomAccess.GetLength(handle);
            long written = File.GetLastWriteTimeUtc(handle).Ticks;
            file = new ServedFile(handle, length, string.Create(CultureInfo.InvariantCulture, $"\"{written:x}-{length:x}\""), TypeOf(path));
            return 0;
        }
        catch (UnauthorizedAccessException)
        {
            // A folder is refused like a file that may not be read.
            return Directory.Exists(full) ? 404 : 403;
        }
        catch (IOException)
        {
            return 404;
        }
    }

    // Percent-encoding, decoded once, must be UTF-8 without control characters and without what some system takes for a separator.
    private static bool TryDecode(string target, out string path)
    {
        path = "";
        ReadOnlySpan<char> raw = target.AsSpan();
        int end = raw.IndexOfAny('?', '#');
        if (end >= 0)
            raw = raw[..end];
        byte[] bytes = new byte[raw.Length];
        int count = 0;
        for (int i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '%')
            {
                bytes[count++] = (byte)raw[i];
                continue;
            }

            if (i + 2 >= raw.Length || !byte.TryParse(raw.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bytes[count++]))
                return false;
            i += 2;
        }

        try
        {
            path = s_strict.GetString(bytes, 0, count);
        }
        catch (DecoderFallbackException)
        {
            return false;
        }

        return !path.Any(static letter => char.IsControl(letter) || letter == '\\');
    }

    private static string TypeOf(string path) => Path.GetExtension(path) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".txt" or ".md" => "text/plain; charset=utf-8",
        ".css" => "text/css",
        ".js" => "text/javascript",
        ".json" => "application/json",
        ".svg" => "image/svg+xml",
        ".png" => "image/png",
        ".jpg" or ".jpeg" => "image/jpeg",
        _ => "application/octet-stream",
    };
}
