namespace RxSockets.Testing;

/// <summary>Defects that the engine can be told to have, one kind at a time: whoever claims to find such defects shows it.</summary>
internal enum PlantedBug
{
    None,

    /// <summary>Now and then the end of a send is not told.</summary>
    LostCompletion,

    /// <summary>Now and then the end of a send is told twice.</summary>
    DoubleCompletion,

    /// <summary>Now and then a receive buffer is not given back.</summary>
    LeakedBuffer,

    /// <summary>Now and then two neighbouring parts of the stream change places.</summary>
    ReorderedBytes,

    /// <summary>A completion of a former life is taken for the present owner's.</summary>
    StaleSlot,

    /// <summary>Now and then a closed socket keeps its descriptor.</summary>
    LeakedDescriptor,
}
