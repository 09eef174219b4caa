// Made from 4-operators-in-virtual-time.ipynb by the notebooks' runner (update); change it there. Run it: dotnet run 4-operators-in-virtual-time.cs
#:project Support

using Microsoft.DotNet.Interactive;
using Microsoft.Reactive.Testing;
using RxSockets;
using System.Buffers;
using System.Collections.Generic;
using System.Collections;
using System.Linq;
using System.Reactive.Concurrency;
using System.Reactive.Linq;
using System.Reactive;
using System.Text;
using System;
using static Microsoft.DotNet.Interactive.Kernel;

// # 4. Operators in virtual time
//
// No operator of this library contains a socket. Connections are seen through `IConnectionActivity`, bytes through `ReceivedSegment`, time through an `IScheduler` or a `TimeProvider`. So minutes of
// timeouts run in microseconds on Rx's `TestScheduler`, tick by tick the same every time. The marble pictures below are not drawings: they are what the scheduler recorded.

// `Marbles.csx` draws. Two helpers write down what happens when: a value at a second, and bytes as the segments a connection would lend.

static Marble[] Marbles<T>(IEnumerable<Recorded<Notification<T>>> messages, Func<T, string> text) => messages
    .Select(message => new Marble(
        TimeSpan.FromTicks(message.Time).TotalSeconds,
        message.Value.HasValue ? text(message.Value.Value) : "",
        message.Value.Kind switch { NotificationKind.OnNext => 'o', NotificationKind.OnCompleted => '|', _ => 'x' }))
    .ToArray();

static void Draw(string title, double until, params (string Name, Marble[] Marbles)[] lines)
{
    var plot = new ScottPlot.Plot();
    var palette = new ScottPlot.Palettes.Category10();
    for (int i = 0; i < lines.Length; i++)
    {
        double y = lines.Length - i;
        Marble end = lines[i].Marbles.LastOrDefault(marble => marble.Shape == '|');
        var axis = plot.Add.Line(0, y, end?.Seconds ?? until, y);
        axis.LineColor = ScottPlot.Colors.Gray;
        axis.LineWidth = 1.5f;
        foreach (Marble marble in lines[i].Marbles)
        {
            if (marble.Shape == '|')
            {
                var bar = plot.Add.Line(marble.Seconds, y - 0.2, marble.Seconds, y + 0.2);
                bar.LineColor = ScottPlot.Colors.Black;
                bar.LineWidth = 2;
                continue;
            }

            bool cross = marble.Shape == 'x';
            var shape = cross ? ScottPlot.MarkerShape.Eks : ScottPlot.MarkerShape.FilledCircle;
            var marker = plot.Add.Marker(marble.Seconds, y, shape, cross ? 14 : 18, cross ? ScottPlot.Colors.Red : palette.GetColor(i));
            marker.MarkerLineWidth = 3;
            var label = plot.Add.Text(marble.Text, marble.Seconds, y + 0.22);
            label.LabelAlignment = ScottPlot.Alignment.LowerCenter;
            label.LabelFontSize = 13;
            label.LabelFontColor = ScottPlot.Colors.Black;
        }
    }

    plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
        Enumerable.Range(1, lines.Length).Select(n => (double)n).ToArray(), lines.Reverse().Select(line => line.Name).ToArray());
    plot.Axes.Left.TickLabelStyle.FontSize = 14;
    plot.Axes.SetLimits(-until * 0.03, until * 1.03, 0.5, lines.Length + 0.8);
    plot.HideGrid();
    plot.Title(title);
    plot.XLabel("virtual seconds");
    plot.YLabel("sequence");
    plot.Axes.Left.MinimumSize = 190;
    Convert.ToBase64String(plot.GetImageBytes(820, 130 + 85 * lines.Length, ScottPlot.ImageFormat.Png)).DisplayAs("image/png");
}

static Recorded<Notification<T>> At<T>(double seconds, T value) =>
    new(TimeSpan.FromSeconds(seconds).Ticks, Notification.CreateOnNext(value));

static Recorded<Notification<T>> End<T>(double seconds) => new(TimeSpan.FromSeconds(seconds).Ticks, Notification.CreateOnCompleted<T>());

static long Ticks(double seconds) => TimeSpan.FromSeconds(seconds).Ticks;

static string Shown(string text) => "\"" + text.Replace("\n", "\\n") + "\"";

// ## Lines out of segments
//
// TCP cuts where it likes. `Lines` puts lines together across segments, and gives all that one segment completes in the same moment.

var scheduler = new TestScheduler();
string[] sent = ["ab", "c\nd", "ef\ng", "h\ni\n"];
var segments = scheduler.CreateHotObservable(
    [.. sent.Select((text, i) => At(i + 1, ReceivedSegment.FromMemory(Encoding.UTF8.GetBytes(text)))), End<ReceivedSegment>(5)]);
var lines = scheduler.Start(() => segments.Lines(), 1, 2, Ticks(6));
Draw("Lines: what comes in pieces leaves in lines", 6,
    ("segments", [.. sent.Select((text, i) => new Marble(i + 1, Shown(text))), new Marble(5, "", '|')]),
    ("Lines()", [.. lines.Messages.GroupBy(message => message.Time).Select(group => group.First().Value.HasValue
        ? new Marble(TimeSpan.FromTicks(group.Key).TotalSeconds, string.Join(" ", group.Select(message => Shown(message.Value.Value))))
        : new Marble(TimeSpan.FromTicks(group.Key).TotalSeconds, "", '|'))]));

// ## Rx operators over lines
//
// Any operator of System.Reactive goes on from there. A client types; `Throttle` waits for a pause of one second, `Buffer` gathers two seconds, `Scan` counts.

scheduler = new TestScheduler();
(double Seconds, string Text)[] typed = [(0.5, "r"), (0.9, "rx"), (2.5, "so"), (3.1, "soc"), (3.7, "sock"), (6.2, "done")];
IObservable<string> Typing(TestScheduler on) => on.CreateHotObservable([.. typed.Select(one => At(one.Seconds, one.Text)), End<string>(8)]);
IObservable<string> typing = Typing(scheduler);
var direct = scheduler.CreateObserver<string>();
var throttled = scheduler.CreateObserver<string>();
var buffered = scheduler.CreateObserver<string>();
var counted = scheduler.CreateObserver<string>();
{
    using var a = typing.Subscribe(direct);
    using var b = typing.Throttle(TimeSpan.FromSeconds(1), scheduler).Subscribe(throttled);
    using var c = typing.Buffer(TimeSpan.FromSeconds(2), scheduler).Select(all => $"{all.Count}").Subscribe(buffered);
    using var d = typing.Scan(0, (count, _) => count + 1).Select(count => $"{count}").Subscribe(counted);
    scheduler.AdvanceTo(Ticks(9));
}

Draw("Throttle(1 s), Buffer(2 s) and Scan over what a client types", 9,
    ("typed", Marbles(direct.Messages, text => text)),
    ("Throttle(1 s)", Marbles(throttled.Messages, text => text)),
    ("Buffer(2 s), Count", Marbles(buffered.Messages, text => text)),
    ("Scan: count", Marbles(counted.Messages, text => text)));

// ## A connection without a socket
//
// For the operators on connections: twenty lines are a connection whose clock is the scheduler's. `SchedulerTimeProvider` makes a `TimeProvider` of it.

// ## DropSilent and DropIdle
//
// Three clients come. **a** speaks at once and then every two seconds, **b** never does, **c** speaks twice and falls silent. `DropSilent(3 s)` takes b; `DropIdle(3 s)` takes b and c, three seconds after the last word of each
// (a sweep every half second finds them: never early, at most half a second late).

(Marble[] All, Marble[] Dropped) Watch(Func<IObservable<Actor>, TestScheduler, IObservable<Actor>> rule)
{
    var virtualTime = new TestScheduler();
    var clock = new SchedulerTimeProvider(virtualTime);
    var came = new List<Actor>();
    var source = new System.Reactive.Subjects.Subject<Actor>();
    var all = new List<Marble>();
    void Do(double seconds, Action action) => virtualTime.Schedule(TimeSpan.FromSeconds(seconds), action);
    void Come(double seconds, string name, params double[] words)
    {
        Do(seconds, () =>
        {
            came.Add(new Actor(name, clock));
            source.OnNext(came[^1]);
        });
        foreach (double word in words)
            Do(word, () => came.Single(actor => actor.Name == name).Speak());
        all.Add(new Marble(seconds, name + "!"));
        all.AddRange(words.Select(word => new Marble(word, name)));
    }

    Come(0.8, "a", 1.5, 3.4, 5.4, 7.4, 9.4);
    Come(2.2, "b");
    Come(4.2, "c", 4.8, 6.4);
    using IDisposable subscription = rule(source, virtualTime).Subscribe();
    virtualTime.AdvanceTo(Ticks(11));
    return (all.OrderBy(marble => marble.Seconds).ToArray(),
        came.Where(actor => actor.DroppedAt is not null).Select(actor => new Marble(actor.DroppedAt.Value, actor.Name, 'x')).ToArray());
}

var silent = Watch((source, on) => source.DropSilent(TimeSpan.FromSeconds(3), on));
var idle = Watch((source, on) => source.DropIdle(TimeSpan.FromSeconds(3), on));
Draw("DropSilent and DropIdle: who is dropped, and when (! is: comes)", 11,
    ("come and speak", silent.All), ("DropSilent(3 s)", silent.Dropped), ("DropIdle(3 s)", idle.Dropped));

// ## LimitConnections
//
// At most two at a time. In `Reject` mode the third one is aborted in the moment it comes; after **a** has left there is room for **d**.

scheduler = new TestScheduler();
var time = new SchedulerTimeProvider(scheduler);
Actor[] actors = [.. "abcd".Select(letter => new Actor(letter.ToString(), time))];
var coming = scheduler.CreateHotObservable(actors.Select((actor, i) => At(1 + (1.5 * i), actor)).ToArray());
scheduler.Schedule(TimeSpan.FromSeconds(4.8), actors[0].Leave);
var passed = scheduler.Start(() => coming.LimitConnections(2, ConnectionLimitMode.Reject), 1, 2, Ticks(7));
Draw("LimitConnections(2, Reject): c comes while a and b are open; a leaves at 4.8 s", 7,
    ("connections", [.. actors.Select((actor, i) => new Marble(1 + (1.5 * i), actor.Name))]),
    ("passed on", Marbles(passed.Messages, actor => actor.Name)),
    ("rejected", [.. actors.Where(actor => actor.DroppedAt is not null).Select(actor => new Marble(actor.DroppedAt.Value, actor.Name, 'x'))]));

// Nothing here waited: the whole notebook took less real time than one of its virtual seconds, drawing aside. The library's own tests of every operator are written this way.

display($"virtual time passed in the last run: {TimeSpan.FromTicks(scheduler.Clock).TotalSeconds} s");

record Marble(double Seconds, string Text, char Shape = 'o');

class Actor(string name, TimeProvider time) : IConnectionActivity
{
    private readonly long _established = time.GetTimestamp();
    private readonly TaskCompletionSource _closed = new();
    private long _spoke = time.GetTimestamp();

    public string Name => name;
    public double? DroppedAt { get; private set; }
    public bool IsClosed => _closed.Task.IsCompleted;
    public TimeSpan? Age => IsClosed ? null : time.GetElapsedTime(_established);
    public TimeSpan SinceLastReceive => time.GetElapsedTime(_spoke);
    public TimeSpan SinceLastActivity => SinceLastReceive;
    public long BytesReceived { get; private set; }
    public long UnreadBytes => 0;
    public Task Closed => _closed.Task;

    public void Speak()
    {
        BytesReceived++;
        _spoke = time.GetTimestamp();
    }

    public void Leave() => _closed.TrySetResult();

    public void Abort(string reason)
    {
        DroppedAt = TimeSpan.FromTicks(time.GetUtcNow().Ticks).TotalSeconds;
        _closed.TrySetResult();
    }
}
