package dev.heddle.core.spec;

/// Softmax attention with grouped key/value heads (Vaswani et al. 2017; Ainslie et al. 2023, GQA).
///
/// @param heads        query heads
/// @param kvHeads      key/value heads; divides `heads`
/// @param headDim      width of a query and key head
/// @param valueDim     width of a value head
/// @param inputWidth   width of the rows it reads; 0 means the model's width (Zamba reads twice that)
/// @param qkvBias      bias on the three input projections
/// @param outputBias   bias on the output projection
/// @param position     positional encoding
/// @param window       keys a query sees, itself included; 0 for all
/// @param scale        factor on q·k; 0 means 1/√headDim
/// @param softcap      c in c·tanh(score/c); 0 for none
/// @param queryKeyNorm norm over each query and key head before the rotation; [NormSpec#NONE] for none
/// @param keyScale     factor on keys (Falcon-H1's key multiplier); 1 for none
public record AttentionSpec(
        int heads,
        @Default(sameAs = "heads") int kvHeads,
        int headDim,
        @Default(sameAs = "headDim") int valueDim,
        @Default("0") int inputWidth,
        @Default("false") boolean qkvBias,
        @Default("false") boolean outputBias,
        @Default("none") PositionSpec position,
        @Default("0") int window,
        @Default("0") double scale,
        @Default("0") double softcap,
        @Default("none") NormSpec queryKeyNorm,
        @Default("1") double keyScale) implements MixerSpec {
    public AttentionSpec {
        Check.divides("attention.kvHeads", kvHeads, "attention.heads", heads);
        Check.positive("attention.headDim", headDim);
        Check.positive("attention.valueDim", valueDim);
        Check.notNegative("attention.inputWidth", inputWidth);
        Check.present("attention.position", position);
        Check.notNegative("attention.window", window);
        Check.notNegative("attention.scale", scale);
        Check.notNegative("attention.softcap", softcap);
        Check.present("attention.queryKeyNorm", queryKeyNorm);
        Check.finite("attention.keyScale", keyScale);
        if (position instanceof PositionSpec.Rotary rotary && rotary.dimensions() > headDim) {
            throw new SpecException("attention.position.dimensions",
                    "(" + rotary.dimensions() + ") exceeds attention.headDim (" + headDim + ")");
        }
    }

    /// Causal attention over everything, without biases.
    public static AttentionSpec of(int heads, int kvHeads, int headDim, PositionSpec position) {
        return new AttentionSpec(heads, kvHeads, headDim, headDim, 0, false, false, position, 0, 0, 0, NormSpec.NONE, 1);
    }

    public AttentionSpec withBias(boolean qkv, boolean output) {
        return new AttentionSpec(heads, kvHeads, headDim, valueDim, inputWidth, qkv, output, position, window, scale,
                softcap, queryKeyNorm, keyScale);
    }

    public AttentionSpec withWindow(int window) {
        return new AttentionSpec(heads, kvHeads, headDim, valueDim, inputWidth, qkvBias, outputBias, position, window,
                scale, softcap, queryKeyNorm, keyScale);
    }

    public AttentionSpec withScale(double scale) {
        return new AttentionSpec(heads, kvHeads, headDim, valueDim, inputWidth, qkvBias, outputBias, position, window,
                scale, softcap, queryKeyNorm, keyScale);
    }

    public AttentionSpec withSoftcap(double softcap) {
        return new AttentionSpec(heads, kvHeads, headDim, valueDim, inputWidth, qkvBias, outputBias, position, window,
                scale, softcap, queryKeyNorm, keyScale);
    }

    public AttentionSpec withQueryKeyNorm(NormSpec norm) {
        return new AttentionSpec(heads, kvHeads, headDim, valueDim, inputWidth, qkvBias, outputBias, position, window,
                scale, softcap, norm, keyScale);
    }

    public AttentionSpec withKeyScale(double keyScale) {
        return new AttentionSpec(heads, kvHeads, headDim, valueDim, inputWidth, qkvBias, outputBias, position, window,
                scale, softcap, queryKeyNorm, keyScale);
    }

    public AttentionSpec withInputWidth(int inputWidth) {
        return new AttentionSpec(heads, kvHeads, headDim, valueDim, inputWidth, qkvBias, outputBias, position, window,
                scale, softcap, queryKeyNorm, keyScale);
    }

    /// The factor on q·k.
    public double scoreScale() {
        return scale == 0 ? 1 / Math.sqrt(headDim) : scale;
    }
}
