using System.Runtime.CompilerServices;

[assembly: TypeForwardedTo(typeof(System.Reactive.Concurrency.VirtualTimeScheduler<,>))]
[assembly: TypeForwardedTo(typeof(System.Reactive.Concurrency.VirtualTimeSchedulerBase<,>))]
[assembly: TypeForwardedTo(typeof(System.Reactive.Linq.Observable))]
