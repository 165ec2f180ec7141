package dev.heddle.core.spec;

/// Kernelised linear attention (Katharopoulos et al. 2020, "Transformers are RNNs"):
///
/// y[t] = (Σ_{s≤t} (φ(q[t])·φ(k[s]))·v[s]) / (ε + Σ_{s≤t} φ(q[t])·φ(k[s])), a state of K×V numbers per head instead of a
/// growing cache.
///
/// @param heads      heads H
/// @param keyDim     width of a query and key head
/// @param valueDim   width of a value head
/// @param feature    φ: elu(x)+1 as published, the identity, or any other activation
/// @param normalised whether y is divided by the sum of its weights
/// @param epsilon    ε
/// @param headNorm   norm of each head's output, usual where it is not normalised
/// @param bias       biases of the four projections
public record LinearAttentionSpec(
        int heads,
        int keyDim,
        @Default(sameAs = "keyDim") int valueDim,
        @Default("elu_plus_one") Activation feature,
        @Default("true") boolean normalised,
        @Default("1e-6") double epsilon,
        @Default("none") NormSpec headNorm,
        @Default("false") boolean bias) implements MixerSpec {
    public LinearAttentionSpec {
        Check.positive("linearAttention.heads", heads);
        Check.positive("linearAttention.keyDim", keyDim);
        Check.positive("linearAttention.valueDim", valueDim);
        Check.present("linearAttention.feature", feature);
        Check.notNegative("linearAttention.epsilon", epsilon);
        Check.present("linearAttention.headNorm", headNorm);
    }

    /// As published: elu(x)+1, normalised.
    public static LinearAttentionSpec of(int heads, int headDim) {
        return new LinearAttentionSpec(heads, headDim, headDim, Activation.ELU_PLUS_ONE, true, 1e-6, NormSpec.NONE, false);
    }
}
