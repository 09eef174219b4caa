namespace RxSockets.Engines.Iocp;

/// <summary>Something that was asked to end and has not ended yet.</summary>
internal interface ICancellable
{
    /// <summary>On the loop's thread: asks again. False when there is nothing left to end.</summary>
    bool CancelAgain();
}
