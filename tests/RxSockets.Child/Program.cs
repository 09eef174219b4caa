// Started by the tests for what cannot be done inside the test process: lowering a limit of the process, or dying in the middle of things.
Console.Error.WriteLine("usage: RxSockets.Child SCENARIO [ARGUMENT...]; there is no such scenario.");
return 2;
