namespace RxSockets;

/// <summary>A connection that can be told that its handler failed: it is aborted, and the exception goes to its port's UnhandledException.</summary>
internal interface IConnectionFault
{
    void Faulted(Exception error);
}
