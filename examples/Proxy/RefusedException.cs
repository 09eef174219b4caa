namespace Proxy;

/// <summary>A client is not served, and the message says why: a line for the log.</summary>
internal sealed class RefusedException(string message, Exception? cause = null) : Exception(message, cause);
