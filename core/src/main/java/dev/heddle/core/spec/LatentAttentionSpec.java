package dev.heddle.core.spec;

/// Multi-head latent attention without positions (DeepSeek-AI 2024, DeepSeek-V2, section 2.1; Kimi Team 2025): keys and
/// values come through a narrow normed latent, and part of each key is common to all heads.
///
/// @param heads     query, key and value heads
/// @param keyDim    width of a key head's own part
/// @param commonDim width of the part of keys that all heads share
/// @param valueDim  width of a value head
/// @param latent    width of the latent of keys and values
/// @param queryRank width of a latent of queries; 0 for a direct projection
/// @param norm      norm of the latents
public record LatentAttentionSpec(
        int heads,
        int keyDim,
        int commonDim,
        @Default(sameAs = "keyDim") int valueDim,
        int latent,
        @Default("0") int queryRank,
        NormSpec norm) implements MixerSpec {
    public LatentAttentionSpec {
        Check.positive("latentAttention.heads", heads);
        Check.positive("latentAttention.keyDim", keyDim);
        Check.positive("latentAttention.commonDim", commonDim);
        Check.positive("latentAttention.valueDim", valueDim);
        Check.positive("latentAttention.latent", latent);
        Check.notNegative("latentAttention.queryRank", queryRank);
        Check.present("latentAttention.norm", norm);
    }

    /// Width of a query head, and of a whole key head.
    public int headDim() {
        return keyDim + commonDim;
    }
}
