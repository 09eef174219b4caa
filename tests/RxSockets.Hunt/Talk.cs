using System.Net.Sockets;
using RxSockets.Testing;

namespace RxSockets.Hunt;

/// <summary>One end of a conversation: sends what it has to say while the other direction is read, and ends in one of the ways there are.</summary>
internal sealed class Talk(World world, RxConnection connection, Writer writer, StreamBook book, Reader reader, Task reading, SocketPool? pool = null)
{
    private SimulationRandom Random => world.Random;

    /// <summary>True: the handle was kept and the connection not disposed.</summary>
    public async Task<bool> RunAsync()
    {
        Task writing = writer.SendAllAsync(Random.Below(1 + world.Swarm.FramesPerStream));
        Task<bool> ending = EndAsync(writing);
        await PatientlyAsync(ending);
        bool kept = ending.IsCompleted && await ending;
        if (!kept)
            await connection.DisposeAsync();
        await ending;
        await writing;
        await writer.EndAsync();
        await reading;
        return kept;
    }

    // True: the handle was kept.
    private async Task<bool> EndAsync(Task writing)
    {
        switch (Random.Below(pool is null ? 8 : 10))
        {
            case 0:
                await world.PauseAsync();
                connection.Abort();
                return false;
            case 1:
                await world.PauseAsync();
                return false;
            case 2:
                await PatientlyAsync(writing);
                return false;
            case 3 or 4:
                await PatientlyAsync(writing);
                return await DisconnectAsync();
            case 5:
                await PatientlyAsync(writing);
                await TransmitAndDisconnectAsync();
                return false;
            case 8 or 9:
                await PatientlyAsync(writing);
                reader.Disconnecting();
                await pool!.ReturnAsync(connection);
                return false;
            default:
                await PatientlyAsync(writing);
                await FinishAsync();
                await PatientlyAsync(reading);
                return false;
        }
    }

    // Where both ends wait to be read from, one has to go first.
    private Task PatientlyAsync(Task task) => Task.WhenAny(task, Task.Delay(TimeSpan.FromMinutes(2), world.Network.TimeProvider));

    private async Task FinishAsync()
    {
        try
        {
            await connection.CompleteWritesAsync();
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It failed before.
        }
    }

    private async Task<bool> DisconnectAsync()
    {
        bool reuse = Random.Below(2) == 0;
        reader.Disconnecting();
        using CancellationTokenSource? cancel = world.MayCancel(4, 300);
        try
        {
            bool done = await connection.DisconnectAsync(reuse, cancel?.Token ?? default);
            return reuse && done;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException || (error is OperationCanceledException && cancel is { IsCancellationRequested: true }))
        {
            return false;
        }
    }

    private async Task TransmitAndDisconnectAsync()
    {
        byte[] frame = book.NextFrame(Random.Below(world.Swarm.LongestFrame), out int number);
        reader.Disconnecting();
        try
        {
            await connection.TransmitPacketsAsync(new[] { TransmitPacket.FromMemory(frame) }, flags: TransmitFlags.Disconnect);
            book.Ended(number, SendOutcome.Sent);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            book.Ended(number, SendOutcome.Failed);
        }
    }
}
