package dev.heddle.core.spec;

/// Channel mix of RWKV: value(relu(key x)²), over rows that have each met the one before.
///
/// @param inner      inner width F
/// @param receptance whether sigmoid(receptance x) gates the output (up to RWKV-6)
/// @param stored     which end of the interpolation the stored weights favour
public record RwkvChannelMixSpec(int inner, boolean receptance, Stored stored) implements ChannelMixerSpec {
    /// A stored weight m means m·x + (1 − m)·previous (RWKV-4 and 5), or x + m·(previous − x) (RWKV-6 and 7).
    public enum Stored { PRESENT, PREVIOUS }

    public RwkvChannelMixSpec {
        Check.positive("rwkvChannelMix.inner", inner);
        Check.present("rwkvChannelMix.stored", stored);
    }
}
