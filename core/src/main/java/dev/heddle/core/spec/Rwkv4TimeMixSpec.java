package dev.heddle.core.spec;

/// Time mix of RWKV-4 (Peng et al. 2023, "RWKV: Reinventing RNNs for the Transformer Era").
///
/// @param inner width of the recurrence
public record Rwkv4TimeMixSpec(int inner) implements MixerSpec {
    public Rwkv4TimeMixSpec {
        Check.positive("rwkv4TimeMix.inner", inner);
    }
}
