using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace RxSockets.Diagnostics;

/// <summary>
/// The spans of this library, of the source RxSockets. A connect is one, from the call to its end. An accept is one from the connection's establishment in the
/// kernel to its delivery to the listener's readers: backlog and first data, what a client waited for that no handler's own span shows. A connection is
/// none: it lives for hours, and is told by metrics.
/// </summary>
internal static class SocketActivities
{
    public const string SourceName = "RxSockets";

    private static readonly ActivitySource s_source = new(SourceName);

    public static bool AreHeard => s_source.HasListeners();

    /// <summary>Null where nobody listens. A child of the caller's span; it does not become the caller's current one.</summary>
    public static Activity? BeginConnect(EndPoint remote, PortDiagnostics port)
    {
        if (!s_source.HasListeners())
            return null;
        Activity? caller = Activity.Current;
        Activity? activity = s_source.StartActivity("rxsockets.connect", ActivityKind.Client);
        Activity.Current = caller;
        if (activity is not null)
            Describe(activity, $"socket connect {remote}", remote, port);
        return activity;
    }

    public static void EndConnect(Activity activity, Exception? error)
    {
        if (error is not null)
            Fail(activity, error);
        Stop(activity);
    }

    /// <summary>One that has happened: it began so long ago and ends now.</summary>
    public static void Accepted(EndPoint local, EndPoint? remote, PortDiagnostics port, DateTimeOffset now, TimeSpan age)
    {
        Activity? current = Activity.Current;
        // It belongs to nobody's span: whichever thread this is, its current one has nothing to do with the client.
        Activity.Current = null;
        try
        {
            Activity? activity = s_source.StartActivity("rxsockets.accept", ActivityKind.Server, default(ActivityContext), startTime: now - age);
            if (activity is null)
                return;
            Describe(activity, $"socket accept {local}", remote, port);
            AddLocal(activity, local);
            activity.SetEndTime(now.UtcDateTime);
            activity.Stop();
        }
        catch (Exception)
        {
            // A listener's; this is a loop's thread, and accepting goes on.
        }
        finally
        {
            Activity.Current = current;
        }
    }

    private static void Describe(Activity activity, string name, EndPoint? peer, PortDiagnostics port)
    {
        activity.DisplayName = name;
        if (!activity.IsAllDataRequested)
            return;
        foreach (KeyValuePair<string, object?> tag in port.Tags)
            activity.SetTag(tag.Key, tag.Value);
        switch (peer)
        {
            case IPEndPoint ip:
                activity.SetTag("network.peer.address", ip.Address.ToString());
                activity.SetTag("network.peer.port", ip.Port);
                activity.SetTag("network.type", ip.AddressFamily == AddressFamily.InterNetworkV6 ? "ipv6" : "ipv4");
                activity.SetTag(MetricNames.Transport, "tcp");
                break;
            case UnixDomainSocketEndPoint unix:
                activity.SetTag("network.peer.address", unix.ToString());
                activity.SetTag(MetricNames.Transport, "unix");
                break;
        }
    }

    private static void AddLocal(Activity activity, EndPoint local)
    {
        activity.SetTag("network.local.address", local is IPEndPoint { Address: var address } ? address.ToString() : local.ToString());
        if (local is IPEndPoint { Port: var port })
            activity.SetTag("network.local.port", port);
    }

    private static void Fail(Activity activity, Exception error)
    {
        activity.SetTag(MetricNames.Error, error is SocketException { SocketErrorCode: var code } ? MetricNames.Of(code) : error is OperationCanceledException ? "cancelled" : error.GetType().FullName);
        activity.SetStatus(ActivityStatusCode.Error, error.Message);
    }

    // Stopping makes the parent current, on a thread that it has nothing to do with; and listeners may throw.
    private static void Stop(Activity activity)
    {
        Activity? current = Activity.Current;
        try
        {
            activity.Stop();
        }
        catch (Exception)
        {
            // As above.
        }
        finally
        {
            Activity.Current = current;
        }
    }
}
