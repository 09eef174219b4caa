namespace Chat;

/// <summary>The rules of the house.</summary>
/// <param name="SilentLimit">Who says no name within this time goes.</param>
/// <param name="IdleLimit">Who says nothing for this time goes.</param>
/// <param name="LinesPerSecond">What a guest says beyond this is not heard.</param>
/// <param name="Guests">How many at a time.</param>
internal sealed record House(TimeSpan SilentLimit, TimeSpan IdleLimit, int LinesPerSecond, int Guests);
