using System.Security.Cryptography;
using RxSockets.Operations;

namespace RxSockets.Tests.Sockets;

/// <summary>A transmit whose datagrams are put together by another thread.</summary>
public class DatagramTransmitOperationTests
{
    [Fact]
    public async Task Nothing_leaves_while_its_datagrams_are_being_read()
    {
        const int Datagrams = 60, Size = 2000;
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        await File.WriteAllBytesAsync(path, RandomNumberGenerator.GetBytes(Size), TestContext.Current.CancellationToken);
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path, options: FileOptions.DeleteOnClose);
        for (int round = 0; round < 200; round++)
        {
            var owner = new Owner();
            var operation = new DatagramTransmitOperation { Owner = owner };
            for (int i = 0; i < Datagrams; i++)
                operation.Add(new TransmitElement { File = file, Count = Size, EndOfPacket = true });
            var batch = new DatagramBatch();
            // As the write queue does when another send is queued behind it: asks again and again.
            while (operation.Fill(batch) == DatagramFill.Waiting)
                Assert.Equal(0, batch.Count);
            Assert.False(operation.IsBusy);
            Assert.Equal(Datagrams, batch.Count);
            await owner.Resumed.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
            operation.Advance(batch.Count);
            operation.Abandon();
        }
    }

    private sealed class Owner : IDatagramWriteOwner
    {
        public TaskCompletionSource Resumed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void CancelWrite(DatagramWrite operation) => throw new NotSupportedException();

        public void Resume() => Resumed.SetResult();
    }
}
