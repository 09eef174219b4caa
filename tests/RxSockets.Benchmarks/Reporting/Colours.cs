using ScottPlot;

namespace RxSockets.Benchmarks.Reporting;

/// <summary>Series that can be told apart, also without colour.</summary>
internal static class Colours
{
    private static readonly IPalette s_palette = new ScottPlot.Palettes.Category20();
    private static readonly MarkerShape[] s_markers =
    [
        MarkerShape.FilledCircle, MarkerShape.FilledSquare, MarkerShape.FilledTriangleUp, MarkerShape.FilledDiamond, MarkerShape.FilledTriangleDown,
        MarkerShape.OpenCircle, MarkerShape.OpenSquare, MarkerShape.OpenTriangleUp, MarkerShape.OpenDiamond, MarkerShape.OpenTriangleDown,
        MarkerShape.Cross, MarkerShape.Eks,
    ];

    // The palette has pairs of a dark and a light shade: the dark ones first.
    public static Color Of(int index) => s_palette.GetColor(index < 10 ? 2 * index : (2 * index) - 19);

    public static MarkerShape Marker(int index) => s_markers[index % s_markers.Length];
}
