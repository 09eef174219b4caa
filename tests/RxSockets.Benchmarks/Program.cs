// Benchmarks of RxSockets. Not tests: they say how fast, and never fail for being slow.
//
//   dotnet run -c Release --project tests/RxSockets.Benchmarks -- micro [--filter '*Framing*']      BenchmarkDotNet; table in BenchmarkDotNet.Artifacts
using System.CommandLine;
using RxSockets.Benchmarks.Micro;

var command = new RootCommand("Benchmarks of RxSockets.") { MicroCommand.Create() };
return await command.Parse(args).InvokeAsync();
