namespace Watch;

/// <summary>Why there is nothing to watch; the message is for the user.</summary>
internal sealed class WatchException(string message) : Exception(message);
