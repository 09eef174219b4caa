using RxSockets.Testing;

namespace RxSockets.Fuzz;

/// <summary>Takes an input apart: choices first, then how the stream is cut, then the stream. What is missing counts as zero, so that every input is one.</summary>
internal ref struct FuzzInput(ReadOnlySpan<byte> data)
{
    private const int MaxPieces = 256;

    private ReadOnlySpan<byte> _rest = data;

    public byte Byte()
    {
        if (_rest.IsEmpty)
            return 0;
        byte taken = _rest[0];
        _rest = _rest[1..];
        return taken;
    }

    public ReadOnlySpan<byte> Bytes(int count)
    {
        ReadOnlySpan<byte> taken = _rest[..Math.Min(count, _rest.Length)];
        _rest = _rest[taken.Length..];
        return taken;
    }

    public T OneOf<T>(ReadOnlySpan<T> choices) => choices[Byte() % choices.Length];

    /// <summary>Lengths of pieces, 1 to 64 each, none for a stream that is not cut.</summary>
    public byte[] Cuts() => Bytes(Byte() % 16).ToArray();

    public byte[] Rest() => Bytes(int.MaxValue).ToArray();

    /// <summary>The stream in pieces, the lengths over and over. No piece is empty.</summary>
    public static List<byte[]> Split(byte[] stream, byte[] cuts, int most = MaxPieces) => Piece.Cut(stream, [.. cuts.Select(static cut => 1 + (cut % 64))], most);
}
