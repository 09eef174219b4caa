using System.Buffers.Binary;

namespace RxSockets.Hunt;

/// <summary>What became of a frame at its sender.</summary>
internal enum SendOutcome
{
    /// <summary>Its call has not ended.</summary>
    Pending,

    /// <summary>Its call succeeded.</summary>
    Sent,

    /// <summary>Its call failed or was cancelled: a part of it may have left, all of it not.</summary>
    Failed,
}

/// <summary>
/// One direction of a connection: the frames whose sends were asked for, and those that arrived. A frame is its length (two bytes, most significant first), the
/// conversation, the direction and its number (four bytes each), and bytes that follow from these.
/// </summary>
internal sealed class StreamBook(int id, int direction)
{
    public const int HeaderBytes = 12;

    public int Id => id;

    private readonly List<SendOutcome> _frames = [];
    private readonly List<byte> _partial = [];
    private int _lastArrived = -1;
    private int _arrived;

    /// <summary>The reader came to the orderly end of the stream.</summary>
    public bool FinSeen { get; set; }

    /// <summary>The reader's end disconnects: what comes while nobody reads is dropped, as DisconnectAsync says.</summary>
    public bool MayLose { get; set; }

    /// <summary>Bytes of a frame that has begun to arrive.</summary>
    public int PartialBytes => _partial.Count;

    public int Frames => _frames.Count;

    /// <summary>The next frame to be sent, with its length in front.</summary>
    public byte[] NextFrame(int payload, out int number)
    {
        number = _frames.Count;
        _frames.Add(SendOutcome.Pending);
        byte[] frame = new byte[2 + HeaderBytes + payload];
        BinaryPrimitives.WriteUInt16BigEndian(frame, (ushort)(frame.Length - 2));
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(2), id);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(6), direction);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(10), number);
        for (int i = 0; i < payload; i++)
            frame[14 + i] = Pattern(id, number, direction, i);
        return frame;
    }

    public void Ended(int number, SendOutcome outcome)
    {
        Check.That(_frames[number] == SendOutcome.Pending, $"send {number} of {this} ended twice");
        _frames[number] = outcome;
    }

    /// <summary>Bytes arrived, cut anywhere.</summary>
    public void Arrive(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int wanted = _partial.Count < 2 ? 2 : 2 + ((_partial[0] << 8) | _partial[1]);
            Check.That(_partial.Count < 2 || wanted >= 2 + HeaderBytes, $"a frame of {wanted - 2} bytes in {this}");
            int count = Math.Min(bytes.Length, wanted - _partial.Count);
            _partial.AddRange(bytes[..count]);
            bytes = bytes[count..];
            if (_partial.Count == wanted && _partial.Count > 2)
            {
                ArriveFrame([.. _partial[2..]]);
                _partial.Clear();
            }
        }
    }

    /// <summary>A whole frame arrived, without its length.</summary>
    public void ArriveFrame(ReadOnlySpan<byte> body)
    {
        Check.That(body.Length >= HeaderBytes, $"a frame of {body.Length} bytes in {this}");
        Check.That(BinaryPrimitives.ReadInt32BigEndian(body) == id && BinaryPrimitives.ReadInt32BigEndian(body[4..]) == direction, $"a frame of another stream in {this}");
        int number = BinaryPrimitives.ReadInt32BigEndian(body[8..]);
        Check.That(number > _lastArrived && number < _frames.Count, $"frame {number} behind {_lastArrived} in {this}");
        ReadOnlySpan<byte> payload = body[HeaderBytes..];
        for (int i = 0; i < payload.Length; i++)
            Check.That(payload[i] == Pattern(id, number, direction, i), $"byte {i} of the {payload.Length} of frame {number} in {this} is {payload[i]:x2}, not {Pattern(id, number, direction, i):x2}");
        _lastArrived = number;
        _arrived++;
        _received.Add(number);
    }

    public IEnumerable<int> Pending => Enumerable.Range(0, _frames.Count).Where(i => _frames[i] == SendOutcome.Pending);

    /// <summary>Everything has ended: do both ends tell the same?</summary>
    public void Judge()
    {
        int sent = 0;
        for (int i = 0; i < _frames.Count; i++)
        {
            Check.That(_frames[i] != SendOutcome.Pending, $"send {i} of {this} never ended");
            if (_frames[i] == SendOutcome.Sent)
                sent++;
        }

        foreach (int number in _received)
            Check.That(_frames[number] == SendOutcome.Sent, $"frame {number} of {this} arrived, but its send failed");
        if (!FinSeen || MayLose)
            return;
        Check.That(_partial.Count == 0, $"{this} ended in order inside a frame");
        Check.That(_arrived == sent, $"{this} ended in order: {sent} frames were sent and {_arrived} arrived");
    }

    public override string ToString() => $"conversation {id} to {(direction == 0 ? "the server" : "the client")}";

    private readonly List<int> _received = [];

    /// <summary>The byte at a place of what was sent under a number.</summary>
    public static byte Pattern(int id, int number, int direction, int at) => (byte)(((id * 31) + (number * 7) + (direction * 13) + at + (at >> 8)) * 167);
}
