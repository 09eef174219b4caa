using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace RxSockets.Testing;

/// <summary>One line that was logged.</summary>
internal sealed record LogLine(string Category, LogLevel Level, string? Event, string Text, Exception? Error);

/// <summary>Keeps what is logged.</summary>
internal sealed class RecordedLog : ILoggerFactory
{
    private readonly ConcurrentQueue<LogLine> _lines = new();

    public IReadOnlyList<LogLine> Lines => [.. _lines];

    /// <summary>Thrown from every line; for what must survive that.</summary>
    public Exception? Failure { get; init; }

    public LogLine[] Of(string name) => [.. _lines.Where(line => line.Event == name)];

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    private sealed class Logger(RecordedLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            log._lines.Enqueue(new LogLine(category, logLevel, eventId.Name, formatter(state, exception), exception));
            if (log.Failure is { } failure)
                throw failure;
        }
    }
}
