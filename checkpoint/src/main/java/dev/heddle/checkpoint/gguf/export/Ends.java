package dev.heddle.checkpoint.gguf.export;

import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.List;

/// What all architectures share: embedding, head and final norm, and the shapes of blocks.
final class Ends {
    /// Positions that are written for models without a limit.
    private static final int UNLIMITED = 1 << 20;

    private Ends() {
    }

    /// Counts that every architecture has, and the ends' tensors.
    static void describe(Draft draft, ModelSpec spec, String finalNorm) {
        Unsuitable.unless(spec.embedding().metaTokens() == 0, "no meta tokens");
        Unsuitable.unless(spec.head().softcap() == 0, "logits without a soft cap");
        draft.number("vocab_size", spec.vocabulary());
        draft.number("context_length", spec.context() == 0 ? UNLIMITED : spec.context());
        draft.number("embedding_length", spec.width());
        draft.number("block_count", spec.blocks().size());
        draft.root().linear(finalNorm, "norm");
    }

    /// Embedding and head as they are.
    static void plain(Draft draft, ModelSpec spec) {
        Unsuitable.unless(spec.embedding().scale() == 1, "embedded rows without a factor");
        Unsuitable.unless(spec.head().scale() == 1, "logits without a factor");
        copied(draft, spec);
    }

    static void copied(Draft draft, ModelSpec spec) {
        Unsuitable.unless(spec.embedding().norm().isNone(), "embedded rows without a norm");
        draft.root().copy("token_embd.weight", "embedding.weight");
        if (!spec.head().tied()) {
            draft.root().copy("output.weight", "head.weight");
        }
    }

    /// The factors on embedded rows and logits become part of the matrices. A tied model is written untied where they differ.
    static void folded(Draft draft, ModelSpec spec) {
        Unsuitable.unless(spec.embedding().norm().isNone(), "embedded rows without a norm");
        double embedding = spec.embedding().scale();
        double head = spec.head().scale();
        draft.root().copy("token_embd.weight", Part.of("embedding.weight").times(embedding));
        if (!spec.head().tied() || embedding != head) {
            draft.root().copy("output.weight", Part.of(spec.head().tied() ? "embedding.weight" : "head.weight").times(head));
        }
    }

    /// The one ε of all RMS norms of a model.
    static double epsilon(Draft draft, ModelSpec spec) {
        NormSpec norm = spec.finalNorm();
        Unsuitable.unless(norm.kind() == NormSpec.Kind.RMS && norm.weighted() && !norm.bias() && !norm.unitOffset(),
                "RMS norms with a weight");
        draft.real("attention.layer_norm_rms_epsilon", norm.epsilon());
        return norm.epsilon();
    }

    /// A residual branch after the same norm as everywhere.
    static ResidualSpec residual(LayerSpec layer, NormSpec norm) {
        if (layer instanceof ResidualSpec residual) {
            Unsuitable.unless(residual.preNorm().equals(norm), "the same norm before every layer");
            Unsuitable.unless(residual.postNorm().isNone(), "no norms after layers");
            return residual;
        }
        throw new Unsuitable("needs layers with a norm and a residual");
    }

    /// The body of a residual branch without a factor.
    static LayerSpec body(LayerSpec layer, NormSpec norm) {
        ResidualSpec residual = residual(layer, norm);
        Unsuitable.unless(residual.scale() == 1, "residual branches without a factor");
        return residual.body();
    }

    /// The channel mixer of a residual branch without a factor.
    static ChannelMixerSpec channel(LayerSpec layer, NormSpec norm) {
        return channel(body(layer, norm));
    }

    static ChannelMixerSpec channel(ResidualSpec residual) {
        return channel(residual.body());
    }

    private static ChannelMixerSpec channel(LayerSpec body) {
        if (body instanceof ChannelMixerSpec channel) {
            return channel;
        }
        throw new Unsuitable("needs a channel mixer after each mixer");
    }

    /// The two residual branches of a block: mixer and channel mixer.
    static List<LayerSpec> pair(LayerSpec block) {
        if (block instanceof SequenceSpec sequence && sequence.layers().size() == 2) {
            return sequence.layers();
        }
        throw new Unsuitable("needs blocks of a mixer and a channel mixer");
    }
}
