using System.Net.Sockets;
using RxSockets;

namespace Proxy;

/// <summary>One client and its upstream: two connections, pumped both ways until both directions have ended or one connection has failed.</summary>
/// <param name="client">The caller's.</param>
/// <param name="forwarding">What is done with it.</param>
/// <param name="connected">Hears of the upstream connection.</param>
/// <param name="cut">Ends the tunnel at once.</param>
internal sealed class Tunnel(RxConnection client, Forwarding forwarding, IObserver<RxConnection> connected, CancellationToken cut)
{
    // How long an answer may take to leave whose sender failed already.
    private static readonly TimeSpan s_lastWords = TimeSpan.FromSeconds(5);

    public async Task RunAsync()
    {
        ProxyHeader header = ProxyHeader.Of(client.RemoteEndPoint, client.LocalEndPoint);
        if (forwarding.AcceptProxy)
        {
            header = await ReceiveHeaderAsync();
            Console.WriteLine(header.ToString() is { } told ? $"client {told} by {client.RemoteEndPoint}" : $"client {client.RemoteEndPoint}, who names no other");
        }

        await using RxConnection upstream = await ConnectAsync(ProxyHeaderWriter.Write(header, forwarding.SendProxy));
        connected.OnNext(upstream);
        await ForwardAsync(upstream);
    }

    // Leaving the frames after the first one loses no byte: whoever reads next begins right behind the header.
    private async Task<ProxyHeader> ReceiveHeaderAsync()
    {
        using CallTimeout limit = CallTimeout.Start(forwarding.HeaderLimit, cancellationToken: cut);
        try
        {
            await foreach (ProxyHeader header in client.ReceiveAllAsync(limit.Token).Frames(new ProxyHeaderDecoder()))
                return header;
            throw new RefusedException("It left without a PROXY header.");
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException)
        {
            throw new RefusedException(error is EndOfStreamException ? "It left within the PROXY header." : error.Message, error);
        }
        catch (OperationCanceledException error) when (limit.HasElapsed)
        {
            throw new RefusedException($"No whole PROXY header within {forwarding.HeaderLimit.TotalSeconds} s.", error);
        }
    }

    // The header is the first data of the connect, so that it is the first thing the upstream hears.
    private async Task<RxConnection> ConnectAsync(byte[] header)
    {
        using CallTimeout limit = CallTimeout.Start(forwarding.ConnectLimit, cancellationToken: cut);
        try
        {
            return await RxConnection.ConnectAsync(forwarding.To, header, new ConnectOptions { CompletionPort = forwarding.Port }, limit.Token);
        }
        catch (SocketException error)
        {
            throw new RefusedException(error.Message, error);
        }
        catch (OperationCanceledException error) when (limit.HasElapsed)
        {
            throw new RefusedException($"No connection to {forwarding.To} within {forwarding.ConnectLimit.TotalSeconds} s.", error);
        }
    }

    private async Task ForwardAsync(RxConnection upstream)
    {
        using CancellationTokenRegistration cutting = cut.UnsafeRegister(_ => AbortBoth(upstream), null);
        Task up = PumpAsync(client, upstream), down = PumpAsync(upstream, client), both = Task.WhenAll(up, down);
        try
        {
            Task first = await Task.WhenAny(up, down);
            await (first.IsCompletedSuccessfully ? both : both.WaitAsync(s_lastWords, TimeProvider.System));
        }
        finally
        {
            if (!both.IsCompletedSuccessfully)
                AbortBoth(upstream);
            await both.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// One direction. Nothing is received before the last segment was taken: whoever does not read stops, through TCP's windows, whoever sends. The end of
    /// one side is passed on as the end to the other, and the other direction goes on.
    /// </summary>
    private static async Task PumpAsync(RxConnection from, RxConnection to)
    {
        bool sending = false;
        try
        {
            await foreach (ReceivedSegment segment in from.ReceiveAllAsync())
            {
                sending = true;
                await to.SendAsync(segment.Memory);
                sending = false;
            }

            sending = true;
            await to.CompleteWritesAsync();
        }
        catch when (!sending)
        {
            // A reset is passed on as one, at once. Not so where sending failed: what that side said before (an answer to half a question) is still to be read, and
            // the other direction, which reads it, then finds the failure behind it.
            to.Abort();
            throw;
        }
    }

    private void AbortBoth(RxConnection upstream)
    {
        client.Abort();
        upstream.Abort();
    }
}
