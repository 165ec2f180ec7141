package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.MlpSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.RetentionSpec;
import dev.heddle.core.spec.RopeScaling;
import dev.heddle.core.spec.SequenceSpec;
import java.util.Collections;
import java.util.Map;

/// RetNet (Sun et al. 2023), as torchscale builds it (tensors at the top, or under `model.` with `lm_head`) and as
/// flash-linear-attention does, which rotates differently and leaves the normalisation of rows to the norm of each head.
///
/// torchscale's recurrent form is followed. Its parallel form also divides a row by the sum of its absolute scores
/// where that exceeds 1, which the norm of each head cancels up to its ε.
final class RetNet implements Family {
    private static final double THETA = 10000;

    @Override
    public String name() {
        return "retnet";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    private static boolean isFla(Config config) {
        return config.has("variant") ? config.string("variant").equals("fla") : !config.has("decoder_embed_dim");
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        return isFla(config) ? fla(config, name) : torchscale(config, name);
    }

    private ModelSpec torchscale(Config config, String name) {
        if (config.flag("deepnorm", false) || !config.flag("decoder_normalize_before", true)) {
            throw config.invalid(config.flag("deepnorm", false) ? "deepnorm" : "decoder_normalize_before",
                    "the norm before each layer; norms after them are not supported");
        }
        int width = config.integer("decoder_embed_dim");
        int heads = config.integer("decoder_retention_heads");
        int values = config.integer("decoder_value_embed_dim");
        requireHeads(config, heads, width, values);
        NormSpec norm = NormSpec.rms(config.number("layernorm_eps", 1e-6));
        int keyDim = width / heads;
        RetentionSpec retention = new RetentionSpec(heads, keyDim, values / heads,
                new PositionSpec.Rotary(THETA, keyDim, true, new RopeScaling.Inclusive()),
                config.flag("use_lm_decay", false) ? RetentionSpec.Decay.LOG_SPACED : RetentionSpec.Decay.POWERS_OF_TWO, true,
                NormSpec.rmsUnweighted(config.number("layernorm_eps", 1e-6)));
        Activation activation = Activation.named(config.string("activation_fn", "gelu"));
        int inner = config.integer("decoder_ffn_embed_dim");
        ChannelMixerSpec mlp = config.flag("use_glu", true) ? GatedMlpSpec.of(inner, activation)
                : new MlpSpec(inner, activation, false);
        double scale = config.flag("no_scale_embedding", false) ? 1 : Math.sqrt(width);
        NormSpec embedded = config.flag("layernorm_embedding", false) ? norm : NormSpec.NONE;
        return new ModelSpec(name, name(), config.integer("vocab_size"), width, 0,
                new ModelSpec.EmbeddingSpec(scale, embedded), Collections.nCopies(config.integer("decoder_layers"),
                        SequenceSpec.of(ResidualSpec.of(norm, retention), ResidualSpec.of(norm, mlp))),
                Map.of(), norm, ModelSpec.HeadSpec.of(config.flagAnyOr(false, "tie", "tie_word_embeddings")));
    }

    private ModelSpec fla(Config config, String name) {
        RwkvConfig.refuseAttention(config);
        if (config.flag("use_short_conv", false)) {
            throw config.invalid("use_short_conv", "false");
        }
        if (config.has("feature_map")) {
            throw config.invalid("feature_map", "null");
        }
        if (!config.flag("use_output_gate", true)) {
            throw config.invalid("use_output_gate", "true");
        }
        int width = config.integer("hidden_size");
        int heads = config.integer("num_heads", 8);
        if (config.integer("num_kv_heads", heads) != heads) {
            throw config.invalid("num_kv_heads", "num_heads (" + heads + ")");
        }
        int keys = (int) Math.rint(width * config.number("expand_k", 1));
        int values = (int) Math.rint(width * config.number("expand_v", 2));
        requireHeads(config, heads, keys, values);
        NormSpec norm = new NormSpec(NormSpec.Kind.RMS, config.number("norm_eps", 1e-6),
                config.flag("elementwise_affine", true), false, false);
        RetentionSpec retention = new RetentionSpec(heads, keys / heads, values / heads,
                PositionSpec.Rotary.of(THETA, keys / heads), RetentionSpec.Decay.POWERS_OF_TWO, false, norm);
        NormSpec blockNorm = NormSpec.rms(config.number("norm_eps", 1e-6));
        int inner = config.integer("intermediate_size",
                Math.ceilDiv((int) (width * config.number("hidden_ratio", 2) * 2 / 3), 256) * 256);
        GatedMlpSpec mlp = GatedMlpSpec.of(inner, Activation.named(config.string("hidden_act", "swish")));
        return new ModelSpec(name, name(), config.integer("vocab_size"), width, 0, ModelSpec.EmbeddingSpec.PLAIN,
                Collections.nCopies(config.integer("num_hidden_layers"),
                        SequenceSpec.of(ResidualSpec.of(blockNorm, retention), ResidualSpec.of(blockNorm, mlp))),
                Map.of(), blockNorm, ModelSpec.HeadSpec.of(config.flag("tie_word_embeddings", false)));
    }

    private static void requireHeads(Config config, int heads, int keys, int values) {
        if (heads <= 0 || keys % heads != 0 || values % heads != 0) {
            throw new CheckpointException(config.origin() + ": the number of retention heads (" + heads
                    + ") must divide the widths of keys (" + keys + ") and values (" + values + ")");
        }
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        if (isFla(config)) {
            bindFla(spec, binder);
        } else {
            bindTorchscale(spec, binder);
        }
    }

    private static void bindTorchscale(ModelSpec spec, Binder binder) {
        boolean wrapped = binder.has("model.embed_tokens.weight");
        String root = wrapped ? "model." : "";
        binder.bind("embedding.weight", root + "embed_tokens.weight");
        if (!spec.embedding().norm().isNone()) {
            binder.bind("embedding.norm.weight", root + "layernorm_embedding.weight");
        }
        for (int i = 0; i < spec.blocks().size(); i++) {
            Binder block = binder.at("blocks." + i + ".", root + "layers." + i + ".");
            block.bind("0.norm.weight", "retention_layer_norm.weight");
            for (String name : new String[] {"q", "k", "v", "g", "out"}) {
                block.bind("0." + name + ".weight", "retention." + name + "_proj.weight");
            }
            block.bind("1.norm.weight", "final_layer_norm.weight");
            boolean gated = ((ResidualSpec) ((SequenceSpec) spec.blocks().get(i)).layers().get(1)).body()
                    instanceof GatedMlpSpec;
            block.bind(gated ? "1.gate.weight" : "1.up.weight", "ffn.fc1.weight");
            if (gated) {
                block.bind("1.up.weight", "ffn.gate.weight");
            }
            block.bind("1.down.weight", "ffn.fc2.weight");
        }
        binder.bind("norm.weight", root + "layer_norm.weight");
        // both follow from the sizes
        binder.ignore(root + "retnet_rel_pos.angle").ignore(root + "retnet_rel_pos.decay");
        String head = wrapped ? "lm_head.weight" : "output_projection.weight";
        if (spec.head().tied()) {
            binder.ignore(head);
        } else {
            binder.bind("head.weight", head);
        }
    }

    private static void bindFla(ModelSpec spec, Binder binder) {
        binder.bind("embedding.weight", "model.embeddings.weight");
        for (int i = 0; i < spec.blocks().size(); i++) {
            SequenceSpec layers = (SequenceSpec) spec.blocks().get(i);
            Binder block = binder.at("blocks." + i + ".", "model.layers." + i + ".");
            block.bind("0.norm.weight", "attn_norm.weight");
            for (String name : new String[] {"q", "k", "v", "g"}) {
                block.bind("0." + name + ".weight", "attn." + name + "_proj.weight");
            }
            block.bind("0.out.weight", "attn.o_proj.weight");
            if (((RetentionSpec) ((ResidualSpec) layers.layers().getFirst()).body()).headNorm().weighted()) {
                block.bind("0.head_norm.weight", block.has("attn.g_norm.weight") ? "attn.g_norm.weight"
                        : "attn.g_norm_swish_gate.weight");
            }
            block.bind("1.norm.weight", "mlp_norm.weight");
            LlamaNames.mlp(block.at("1.", "mlp."), (GatedMlpSpec) ((ResidualSpec) layers.layers().get(1)).body());
        }
        binder.bind("norm.weight", "model.norm.weight");
        LlamaNames.head(binder, spec.head().tied());
    }
}
