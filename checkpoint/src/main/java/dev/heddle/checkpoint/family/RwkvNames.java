package dev.heddle.checkpoint.family;

import dev.heddle.core.spec.ModelSpec;

/// What the tensors around the mixers of an RWKV checkpoint are called, in each of the forms it is published in.
///
/// @param embedding   the embedding
/// @param blocks      what stands before a block's number
/// @param firstNorm   norm of the embedded rows, in block 0
/// @param timeNorm    norm before the time mix
/// @param channelNorm norm before the channel mix
/// @param timeMix     what stands before the time mix's tensors
/// @param channelMix  what stands before the channel mix's tensors
/// @param finalNorm   norm before the head
/// @param head        the head
record RwkvNames(String embedding, String blocks, String firstNorm, String timeNorm, String channelNorm, String timeMix,
        String channelMix, String finalNorm, String head) {
    /// The author's own files (`.pth`).
    static final RwkvNames ORIGINAL = new RwkvNames("emb", "blocks.", "ln0", "ln1", "ln2", "att.", "ffn.", "ln_out", "head");

    /// HF Transformers and the repositories with code in its style.
    static final RwkvNames TRANSFORMERS = new RwkvNames("rwkv.embeddings", "rwkv.blocks.", "pre_ln", "ln1", "ln2",
            "attention.", "feed_forward.", "rwkv.ln_out", "head");

    /// flash-linear-attention.
    static final RwkvNames FLA = new RwkvNames("model.embeddings", "model.layers.", "pre_norm", "attn_norm", "ffn_norm",
            "attn.", "ffn.", "model.norm", "lm_head");

    /// The form of a checkpoint, by the name of its embedding.
    static RwkvNames of(Binder binder) {
        return binder.has("rwkv.embeddings.weight") ? TRANSFORMERS : binder.has("model.embeddings.weight") ? FLA : ORIGINAL;
    }

    /// How one block's two mixers are bound.
    @FunctionalInterface
    interface BlockBinding {
        /// @param time    at the time mix's prefixes
        /// @param channel at the channel mix's prefixes
        void bind(int block, Binder time, Binder channel);
    }

    /// Binds embedding, norms and head here, the mixers by `mixers`.
    void bind(ModelSpec spec, Binder binder, BlockBinding mixers) {
        binder.bind("embedding.weight", embedding + ".weight");
        if (!spec.embedding().norm().isNone()) {
            binder.bindLinear("embedding.norm", blocks + "0." + firstNorm, spec.embedding().norm().bias());
        }
        boolean bias = spec.finalNorm().bias();
        for (int i = 0; i < spec.blocks().size(); i++) {
            Binder block = binder.at("blocks." + i + ".", blocks + i + ".");
            block.bindLinear("0.norm", timeNorm, bias);
            block.bindLinear("1.norm", channelNorm, bias);
            mixers.bind(i, block.at("0.", timeMix), block.at("1.", channelMix));
        }
        binder.bindLinear("norm", finalNorm, bias);
        if (spec.head().tied()) {
            binder.ignore(head + ".weight");
        } else {
            binder.bind("head.weight", head + ".weight");
        }
    }
}
