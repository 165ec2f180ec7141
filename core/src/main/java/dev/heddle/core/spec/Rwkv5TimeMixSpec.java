package dev.heddle.core.spec;

/// Time mix of RWKV-5 (Peng et al. 2024, "Eagle").
///
/// @param heads   heads H
/// @param headDim width of a key and of a value head
/// @param gated   whether silu of a gate multiplies the output (version 5.1 on)
/// @param perHead whether decay and bonus are one number a head (before version 5.2) and not one a key channel
/// @param epsilon ε of the norm of each head's output
public record Rwkv5TimeMixSpec(int heads, int headDim, boolean gated, boolean perHead, double epsilon)
        implements MixerSpec {
    public Rwkv5TimeMixSpec {
        Check.positive("rwkv5TimeMix.heads", heads);
        Check.positive("rwkv5TimeMix.headDim", headDim);
        Check.notNegative("rwkv5TimeMix.epsilon", epsilon);
    }

    public int inner() {
        return heads * headDim;
    }
}
