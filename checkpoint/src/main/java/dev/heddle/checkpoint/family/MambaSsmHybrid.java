package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.RopeScaling;
import dev.heddle.core.spec.SequenceSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// mamba_ssm's own hybrids (Dao & Gu 2024, section 9.2.3): Mamba layers, at `attn_layer_idx` attention over convolved
/// queries, keys and values with partial rotation, each followed by a gated MLP if `d_intermediate` gives it a width.
final class MambaSsmHybrid implements Family {
    private static final int MLP_MULTIPLE = 128;

    @Override
    public String name() {
        return "mamba_ssm_hybrid";
    }

    @Override
    public boolean accepts(Config config) {
        return config.has("model_type") ? config.string("model_type").equals("mamba_ssm") : isHybrid(config);
    }

    /// Whether a configuration in mamba_ssm's form has attention or MLPs.
    static boolean isHybrid(Config config) {
        return config.has("d_model") && config.has("n_layer")
                && (config.integers("attn_layer_idx", new int[0]).length > 0 || config.integer("d_intermediate", 0) > 0);
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        int width = config.integer("d_model");
        double epsilon = config.number("norm_epsilon", 1e-5);
        NormSpec norm = config.flag("rms_norm", true) ? NormSpec.rms(epsilon) : NormSpec.layer(epsilon);
        int intermediate = config.integer("d_intermediate", 0);
        int inner = (intermediate + MLP_MULTIPLE - 1) / MLP_MULTIPLE * MLP_MULTIPLE;
        int[] attentive = config.integers("attn_layer_idx", new int[0]);
        MixerSpec mamba = mamba(config.sectionOrEmpty("ssm_cfg"), width);
        List<LayerSpec> blocks = new ArrayList<>();
        for (int i = 0; i < config.integer("n_layer"); i++) {
            int layer = i;
            boolean attends = Arrays.stream(attentive).anyMatch(index -> index == layer);
            ResidualSpec mixer = ResidualSpec.of(norm, attends ? attention(config.section("attn_cfg"), width) : mamba);
            blocks.add(inner == 0 ? mixer
                    : SequenceSpec.of(mixer, ResidualSpec.of(norm, GatedMlpSpec.of(inner, Activation.SILU))));
        }
        int multiple = config.integer("pad_vocab_size_multiple", 8);
        int vocabulary = (config.integer("vocab_size") + multiple - 1) / multiple * multiple;
        return new ModelSpec(name, name(), vocabulary, width, 0, ModelSpec.EmbeddingSpec.PLAIN, blocks, Map.of(), norm,
                ModelSpec.HeadSpec.of(config.flag("tie_embeddings", true)));
    }

    private static MixerSpec mamba(Config ssm, int width) {
        int inner = ssm.integer("expand", 2) * width;
        return switch (ssm.string("layer", "Mamba1")) {
            case "Mamba1" -> new Mamba1Spec(inner, ssm.integer("d_state", 16), ssm.integer("d_conv", 4),
                    ssm.isNumber("dt_rank") ? ssm.integer("dt_rank") : (width + 15) / 16, ssm.flag("conv_bias", true),
                    ssm.flag("bias", false), NormSpec.NONE);
            case "Mamba2" -> mamba2(ssm, inner);
            default -> throw ssm.invalid("layer", "Mamba1 or Mamba2");
        };
    }

    private static Mamba2Spec mamba2(Config ssm, int inner) {
        if (ssm.integer("d_ssm", inner) != inner) {
            throw ssm.invalid("d_ssm", "all " + inner + " channels");
        }
        int headDim = ssm.integer("headdim", 64);
        int groups = ssm.integer("ngroups", 1);
        boolean normed = ssm.flag("rmsnorm", true);
        double[] limit = ssm.numbers("dt_limit", 0, Double.POSITIVE_INFINITY);
        return new Mamba2Spec(inner / headDim, headDim, ssm.integer("d_state", 128), groups, ssm.integer("d_conv", 4),
                ssm.integer("chunk_size", 256), ssm.flag("conv_bias", true), ssm.flag("bias", false),
                ssm.flag("norm_before_gate", false) ? Mamba2Spec.Gate.NORM_THEN_GATE : Mamba2Spec.Gate.GATE_THEN_NORM,
                normed ? NormSpec.rms(1e-5) : NormSpec.NONE, normed ? groups : 1, limit[0], limit[1], Mamba2Spec.Scales.ONE);
    }

    private static AttentionSpec attention(Config config, int width) {
        if (!config.flag("causal", false)) {
            throw config.invalid("causal", "true; the model would see the tokens it predicts");
        }
        if (config.integer("mlp_dim", 0) != 0) {
            throw config.invalid("mlp_dim", "0");
        }
        int heads = config.integer("num_heads");
        int headDim = config.integer("head_dim", width / heads);
        int rotated = config.integer("rotary_emb_dim", 0);
        PositionSpec position = rotated == 0 ? PositionSpec.NONE
                : new PositionSpec.Rotary(config.number("rotary_emb_base", 10000), rotated,
                        config.flag("rotary_emb_interleaved", false), RopeScaling.NONE);
        return AttentionSpec.of(heads, config.integer("num_heads_kv", heads), headDim, position)
                .withBias(config.flag("qkv_proj_bias", true), config.flag("out_proj_bias", true))
                .withScale(config.number("softmax_scale", 0)).withConvolution(config.integer("d_conv", 0));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        binder.bind("embedding.weight", "backbone.embedding.weight");
        norm(binder, "norm", "backbone.norm_f", spec.finalNorm());
        LlamaNames.head(binder, spec.head().tied());
        for (int i = 0; i < spec.blocks().size(); i++) {
            Binder layer = binder.at("blocks." + i + ".", "backbone.layers." + i + ".");
            switch (spec.blocks().get(i)) {
                case ResidualSpec mixer -> mixer(layer, mixer);
                case SequenceSpec block -> {
                    mixer(layer.at("0.", ""), (ResidualSpec) block.layers().get(0));
                    ResidualSpec mlp = (ResidualSpec) block.layers().get(1);
                    norm(layer, "1.norm", "norm2", mlp.preNorm());
                    mlp(layer.at("1.", "mlp."), ((GatedMlpSpec) mlp.body()).inner());
                }
                default -> throw new IllegalStateException("block " + i);
            }
        }
    }

    private static void norm(Binder binder, String parameter, String tensor, NormSpec spec) {
        binder.bindLinear(parameter, tensor, spec.bias());
    }

    private static void mixer(Binder layer, ResidualSpec spec) {
        norm(layer, "norm", "norm", spec.preNorm());
        Binder mixer = layer.at("", "mixer.");
        switch (spec.body()) {
            case AttentionSpec attention -> attention(mixer, attention);
            case Mamba1Spec mamba -> Mamba1Names.bind(mixer, mamba);
            case Mamba2Spec mamba -> Mamba2Names.bind(mixer, mamba);
            default -> throw new IllegalStateException("no such mixer in this family");
        }
    }

    private static void attention(Binder mixer, AttentionSpec spec) {
        long q = (long) spec.heads() * spec.headDim();
        long kv = (long) spec.kvHeads() * spec.headDim();
        long[] edges = {0, q, q + kv, q + 2 * kv};
        for (int part = 0; part < 3; part++) {
            String name = "qkv".substring(part, part + 1);
            mixer.bindRows(name + ".weight", "in_proj.weight", edges[part], edges[part + 1]);
            if (spec.qkvBias()) {
                mixer.bindRows(name + ".bias", "in_proj.bias", edges[part], edges[part + 1]);
            }
            if (spec.convolution() > 0) {
                mixer.bindRows(name + "_conv.weight", "conv1d.weight", edges[part], edges[part + 1]);
                mixer.bindRows(name + "_conv.bias", "conv1d.bias", edges[part], edges[part + 1]);
            }
        }
        if (spec.convolution() > 0) {
            mixer.shaped("conv1d.weight", edges[3], 1, spec.convolution());
        }
        mixer.bindLinear("o", "out_proj", spec.outputBias());
    }

    /// The value's rows lie above the gate's.
    private static void mlp(Binder mlp, long inner) {
        mlp.bindRows("up.weight", "fc1.weight", 0, inner).bindRows("gate.weight", "fc1.weight", inner, 2 * inner)
                .bind("down.weight", "fc2.weight");
    }
}
