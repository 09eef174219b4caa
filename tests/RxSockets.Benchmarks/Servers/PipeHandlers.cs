using System.Buffers;
using System.IO.Pipelines;

namespace RxSockets.Benchmarks.Servers;

/// <summary>The services over a pair of pipes, as users of Kestrel's transport and of Pipelines.Sockets.Unofficial write them alike.</summary>
internal static class PipeHandlers
{
    /// <summary>All but datagrams and what is RxSockets' own.</summary>
    public static bool Serves(Service service) => service is Service.Echo or Service.Burst or Service.Stream or Service.Sink or Service.Accept or Service.File;

    /// <summary>Serves until the end, and ends the output; what is still to be read is the caller's.</summary>
    public static async Task RunAsync(IDuplexPipe pipe, ServeOptions options)
    {
        try
        {
            await (options.Service switch
            {
                Service.Echo => EchoAsync(pipe.Input, pipe.Output),
                Service.Burst => BurstAsync(pipe.Input, pipe.Output),
                Service.Stream => StreamAsync(pipe.Output),
                Service.Sink => SinkAsync(pipe.Input),
                Service.Accept => ReplyOnceAsync(pipe.Input, pipe.Output),
                Service.File => SendFileAsync(pipe.Output, options.Path),
                _ => throw new NotSupportedException(),
            });
        }
        catch (IOException)
        {
            // The peer has reset the connection.
        }

        await pipe.Output.CompleteAsync();
    }

    private static async Task EchoAsync(PipeReader input, PipeWriter output)
    {
        while (true)
        {
            ReadResult read = await input.ReadAsync();
            foreach (ReadOnlyMemory<byte> segment in read.Buffer)
                output.Write(segment.Span);
            input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted || (await output.FlushAsync()).IsCompleted)
                return;
        }
    }

    // A pipe's writer may be flushed once at a time: writes that are not waited for are what it gathers before the flush.
    private static async Task BurstAsync(PipeReader input, PipeWriter output)
    {
        var answer = new byte[ServeOptions.Pieces * ServeOptions.PieceBytes];
        while (true)
        {
            ReadResult read = await input.ReadAsync();
            if (read.IsCompleted)
                return;
            if (read.Buffer.FirstSpan[0] == 'c')
            {
                output.Write(answer);
            }
            else
            {
                for (int i = 0; i < ServeOptions.Pieces; i++)
                    output.Write(answer.AsSpan(i * ServeOptions.PieceBytes, ServeOptions.PieceBytes));
            }

            input.AdvanceTo(read.Buffer.End);
            await output.FlushAsync();
        }
    }

    private static async Task StreamAsync(PipeWriter output)
    {
        var bytes = new byte[ServeOptions.StreamBytes];
        while (!(await output.WriteAsync(bytes)).IsCompleted)
        {
        }
    }

    /// <summary>Reads what comes, until the end.</summary>
    public static async Task SinkAsync(PipeReader input)
    {
        while (true)
        {
            ReadResult read = await input.ReadAsync();
            input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return;
        }
    }

    private static async Task ReplyOnceAsync(PipeReader input, PipeWriter output)
    {
        ReadResult read = await input.ReadAsync();
        foreach (ReadOnlyMemory<byte> segment in read.Buffer)
            output.Write(segment.Span);
        input.AdvanceTo(read.Buffer.End);
        await output.FlushAsync();
    }

    private static async Task SendFileAsync(PipeWriter output, string path)
    {
        var edge = new byte[ServeOptions.EdgeBytes];
        output.Write(edge);
        await using (FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1, FileOptions.Asynchronous | FileOptions.SequentialScan))
            await file.CopyToAsync(output);
        await output.WriteAsync(edge);
    }
}
