package dev.heddle.checkpoint.quantize;

import dev.heddle.core.tensor.DType;

/// The encoder of each type that weights are written in.
public final class BlockEncoders {
    private BlockEncoders() {
    }

    /// @throws IllegalArgumentException for a type that is neither quantized nor a float of 16 or 32 bits
    public static BlockEncoder of(DType type) {
        return switch (type) {
            case F32 -> FloatEncoder.F32;
            case F16 -> FloatEncoder.F16;
            case BF16 -> FloatEncoder.BF16;
            case Q8_0 -> SymmetricBlocks.Q8_0;
            case Q4_0 -> SymmetricBlocks.Q4_0;
            case Q5_0 -> SymmetricBlocks.Q5_0;
            case Q4_1 -> AffineBlocks.Q4_1;
            case Q5_1 -> AffineBlocks.Q5_1;
            case Q3_K -> new Q3SuperBlocks();
            case Q4_K -> AffineSuperBlocks.Q4_K;
            case Q5_K -> AffineSuperBlocks.Q5_K;
            case Q6_K -> new Q6SuperBlocks();
            case F64, I64, I32, I16, I8, U8, BOOL -> throw new IllegalArgumentException("weights are not written as " + type);
        };
    }
}
