using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RxSockets.Conformance;

public class OwnershipTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_segment_is_lent_until_the_next_pull_and_may_be_retained(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        ReceivedSegment lent = default;
        IMemoryOwner<byte>? kept = null;
        await peer.SendAsync("first"u8.ToArray()).Within();
        await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
        {
            if (kept is null)
            {
                lent = segment;
                kept = segment.Retain();
                await peer.SendAsync("second"u8.ToArray()).Within();
                peer.Shutdown(SocketShutdown.Send);
            }
            else
            {
                Assert.Throws<InvalidOperationException>(() => lent.Memory);
            }
        }

        Assert.Equal("first"u8.ToArray(), kept!.Memory.ToArray());
        kept.Dispose();
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task What_is_retained_stops_the_sender_until_it_is_disposed(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling, static options =>
        {
            options.ReceiveLimit = 4096;
            options.ReceiveBufferSize = 1024;
        });
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        const int Total = 16 << 20;
        Task sending = Task.Run(async () =>
        {
            byte[] block = new byte[65536];
            for (int sent = 0; sent < Total; sent += block.Length)
                await peer.SendAsync(block);
        });
        var kept = new List<IMemoryOwner<byte>>();
        long received = 0;
        IAsyncEnumerator<ReceivedSegment> reader = connection.ReceiveAllAsync().GetAsyncEnumerator();
        ValueTask<bool> pending = reader.MoveNextAsync();
        // What crossed the limit in one burst is still delivered; then it stops, although megabytes wait in the kernel.
        while (pending.IsCompleted || await CompletesAsync(pending, connection))
        {
            Assert.True(await pending);
            received += reader.Current.Length;
            kept.Add(reader.Current.Retain());
            Assert.True(received < 1 << 20, "the limit did not stop the receive");
            pending = reader.MoveNextAsync();
        }

        Assert.False(sending.IsCompleted);
        kept.ForEach(static owner => owner.Dispose());
        while (await pending.AsTask().Within())
        {
            received += reader.Current.Length;
            if (received == Total)
                break;
            pending = reader.MoveNextAsync();
        }

        await reader.DisposeAsync();
        await sending.Within();
        await connection.DisposeAsync();
        peer.Dispose();
    }

    // A round trip on another connection of the same port: what could complete has completed by then, or nearly so.
    private static async Task<bool> CompletesAsync(ValueTask<bool> pending, RxConnection connection)
    {
        for (int i = 0; i < 200 && !pending.IsCompleted; i++)
            await Task.Yield();
        _ = connection;
        return pending.IsCompleted;
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Tls_runs_over_the_stream(EngineKind engine, CompletionScheduling scheduling)
    {
        SkipWithoutCryptography();
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        await using var server = new SslStream(connection.AsStream());
        await using var client = new SslStream(new NetworkStream(peer, ownsSocket: true), false, static (_, _, _, _) => true);
        await Task.WhenAll(server.AuthenticateAsServerAsync(certificate), client.AuthenticateAsClientAsync("test")).Within();
        byte[] block = RandomNumberGenerator.GetBytes(1 << 20);
        Task writing = client.WriteAsync(block).AsTask();
        byte[] received = new byte[block.Length];
        await server.ReadExactlyAsync(received).AsTask().Within();
        await writing.Within();
        Assert.Equal(block, received);
        await server.WriteAsync("answer"u8.ToArray()).AsTask().Within();
        byte[] answer = new byte[6];
        await client.ReadExactlyAsync(answer).AsTask().Within();
        Assert.Equal("answer"u8.ToArray(), answer);
    }

    // The probe: Wine 8 cannot make the persisted key that SChannel wants.
    private static void SkipWithoutCryptography()
    {
        if (!RxSockets.Testing.Wine.IsHere)
            return;
        try
        {
            using var key = RSA.Create(2048);
            _ = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
                .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        }
        catch (CryptographicException error)
        {
            Assert.Skip("Wine: a certificate cannot be made: " + error.Message);
        }
    }
}
