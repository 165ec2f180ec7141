package dev.heddle.core.spec;

/// Softmax attention of every row to all rows of its sequence, scores scaled by 1/√headDim (Vaswani et al. 2017).
///
/// @param heads      heads H
/// @param headDim    width of a query, key and value head
/// @param qkvBias    bias on the three input projections
/// @param outputBias bias on the output projection
public record BidirectionalAttentionSpec(int heads, int headDim, boolean qkvBias, boolean outputBias)
        implements ImageMixerSpec {
    public BidirectionalAttentionSpec {
        Check.positive("bidirectionalAttention.heads", heads);
        Check.positive("bidirectionalAttention.headDim", headDim);
    }
}
