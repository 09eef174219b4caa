// Benchmarks of RxSockets. Not tests: they say how fast, and never fail for being slow. docs/benchmarks/README.md says how to read them.
//
//   dotnet run -c Release --project tests/RxSockets.Benchmarks -- all --quick                       everything, a look; without --quick, a measurement
//   dotnet run -c Release --project tests/RxSockets.Benchmarks -- echo --candidates rx-iouring-inline,sns
//   dotnet run -c Release --project tests/RxSockets.Benchmarks -- serve echo --listen 127.0.0.1:7000 --candidate sns
//   dotnet run -c Release --project tests/RxSockets.Benchmarks -- micro [--filter '*Framing*']      BenchmarkDotNet; table in BenchmarkDotNet.Artifacts
using System.CommandLine;
using RxSockets.Benchmarks.Load;
using RxSockets.Benchmarks.Micro;
using RxSockets.Benchmarks.Running;
using RxSockets.Benchmarks.Servers;

var command = new RootCommand("Benchmarks of RxSockets.") { MicroCommand.Create(), ServeCommand.Create(), LoadCommand.Create() };
foreach (Command group in BenchCommand.CreateAll())
    command.Add(group);
return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
