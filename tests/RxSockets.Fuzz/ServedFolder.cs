using FileServer;

namespace RxSockets.Fuzz;

/// <summary>A folder that is served, with secrets beside it.</summary>
internal sealed class ServedFolder
{
    private const int PublicBytes = 100;
    private const int SecretBytes = 7;

    private readonly FileRoot _files;

    public ServedFolder()
    {
        string folder = Directory.CreateTempSubdirectory("rxsockets-fuzz-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        string root = Path.Join(folder, "root");
        Directory.CreateDirectory(Path.Join(root, "sub"));
        // A name that begins as the root's own does.
        Directory.CreateDirectory(Path.Join(folder, "root2"));
        foreach (string name in new[] { "root/index.html", "root/a", "root/sub/index.html", "root/sub/b.txt" })
            File.WriteAllBytes(Path.Join(folder, name), new byte[PublicBytes]);
        foreach (string name in new[] { "secret", "index.html", "root2/a", "root2/index.html" })
            File.WriteAllBytes(Path.Join(folder, name), new byte[SecretBytes]);
        _files = new FileRoot(root);
    }

    /// <summary>What is opened is a file of the folder.</summary>
    public void MustHold(string target)
    {
        int status = _files.TryOpen(target, out ServedFile file);
        FindingException.Unless(status is 0 or 400 or 403 or 404, $"status {status}");
        if (status != 0)
            return;
        using (file.Handle)
            FindingException.UnlessEqual(PublicBytes, file.Length, $"'{target}' leads out");
    }
}
