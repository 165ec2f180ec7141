package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.MlpSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.ResidualSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Nemotron-H and Nemotron 3 (NVIDIA 2025): one sub-layer a block, Mamba-2, attention without positions, an MLP with
/// squared ReLU, or experts of the same kind beside a shared one, in a latent space where the configuration gives its
/// width.
///
/// The list of blocks stands in `hybrid_override_pattern` (`M-M-M*-…`, E for experts) or spelt out in
/// `layers_block_type`. Time steps are bounded by `time_step_limit`; `time_step_min` and `time_step_max` only describe
/// how they were initialised.
final class NemotronH implements Family {
    @Override
    public String name() {
        return "nemotron_h";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        double epsilon = config.numberAnyOr(1e-5, "layer_norm_epsilon", "norm_eps", "rms_norm_eps");
        NormSpec norm = NormSpec.rms(epsilon);
        List<LayerSpec> blocks = new ArrayList<>();
        for (String type : blockTypes(config)) {
            blocks.add(ResidualSpec.of(norm, switch (type) {
                case "linear_attention", "mamba" -> mamba(config, epsilon);
                case "full_attention", "attention" -> attention(config);
                case "mlp" -> new MlpSpec(config.integer("intermediate_size"), activation(config),
                        config.flag("mlp_bias", false));
                case "moe" -> experts(config);
                default -> throw config.invalid("layers_block_type", "a list of linear_attention (mamba), full_attention "
                        + "(attention), mlp and moe");
            }));
        }
        return new ModelSpec(name, name(), config.integer("vocab_size"), config.integer("hidden_size"),
                config.integer("max_position_embeddings", 0), ModelSpec.EmbeddingSpec.PLAIN, blocks, Map.of(), norm,
                ModelSpec.HeadSpec.of(config.flag("tie_word_embeddings", false)));
    }

    private static List<String> blockTypes(Config config) {
        if (config.hasAny("layers_block_type", "layer_types")) {
            return config.has("layers_block_type") ? config.strings("layers_block_type") : config.strings("layer_types");
        }
        return config.string("hybrid_override_pattern").chars().mapToObj(letter -> switch (letter) {
            case 'M' -> "mamba";
            case '*' -> "attention";
            case '-' -> "mlp";
            case 'E' -> "moe";
            default -> throw config.invalid("hybrid_override_pattern", "letters M, *, - and E, not '" + (char) letter + "'");
        }).toList();
    }

    private static Activation activation(Config config) {
        return Activation.named(config.string("mlp_hidden_act", "relu2"));
    }

    private static AttentionSpec attention(Config config) {
        int heads = config.integer("num_attention_heads");
        return AttentionSpec.of(heads, config.integer("num_key_value_heads", heads),
                config.integerAnyOr(128, "head_dim", "attention_head_dim"), PositionSpec.NONE);
    }

    private static Mamba2Spec mamba(Config config, double epsilon) {
        int groups = config.integerAnyOr(8, "n_groups", "mamba_n_groups");
        double[] limit = config.numbers("time_step_limit", 0, Double.POSITIVE_INFINITY);
        if (!config.string("mamba_hidden_act", "silu").equals("silu")) {
            throw config.invalid("mamba_hidden_act", "silu");
        }
        return new Mamba2Spec(config.integer("mamba_num_heads"), config.integer("mamba_head_dim"),
                config.integer("ssm_state_size", 128), groups, config.integerAnyOr(4, "conv_kernel", "mamba_d_conv"),
                config.integerAnyOr(128, "chunk_size", "mamba_chunk_size"),
                config.flagAnyOr(true, "use_conv_bias", "mamba_conv_bias"), config.flag("use_bias", false),
                Mamba2Spec.Gate.GATE_THEN_NORM, NormSpec.rms(epsilon), groups, limit[0], limit[1], Mamba2Spec.Scales.ONE);
    }

    private static MixtureOfExpertsSpec experts(Config config) {
        Activation activation = activation(config);
        boolean bias = config.flag("mlp_bias", false);
        Router router = Router.sigmoid().withChoiceBias(true)
                .withGroups(config.integer("n_group", 1), config.integer("topk_group", 1))
                .withNormalised(config.flag("norm_topk_prob", true), 1e-20)
                .withScale(config.number("routed_scaling_factor", 1));
        MixtureOfExpertsSpec moe = MixtureOfExpertsSpec
                .of(config.integer("n_routed_experts"), config.integer("num_experts_per_tok", 2),
                        new MlpSpec(config.integer("moe_intermediate_size"), activation, false), router)
                .withShared(new MlpSpec(config.integer("moe_shared_expert_intermediate_size"), activation, bias));
        return config.has("moe_latent_size") ? moe.withLatent(config.integer("moe_latent_size"), bias) : moe;
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        String root = binder.has("model.embeddings.weight") ? "model." : "backbone.";
        binder.bind("embedding.weight", root + "embeddings.weight").bind("norm.weight", root + "norm_f.weight");
        LlamaNames.head(binder, spec.head().tied());
        // heads that predict further tokens are no part of the model
        binder.ignoreBelow("mtp.");
        for (int i = 0; i < spec.blocks().size(); i++) {
            Binder layer = binder.at("blocks." + i + ".", root + "layers." + i + ".");
            layer.bind("norm.weight", "norm.weight");
            Binder mixer = layer.at("", "mixer.");
            LayerSpec body = ((ResidualSpec) spec.blocks().get(i)).body();
            switch (body) {
                case Mamba2Spec mamba -> Mamba2Names.bind(mixer, mamba);
                case AttentionSpec attention -> LlamaNames.attention(mixer, attention);
                case MlpSpec mlp -> mlp(mixer, mlp);
                case MixtureOfExpertsSpec moe -> experts(mixer, moe, spec.width());
                default -> throw new IllegalStateException("no " + body.getClass().getSimpleName() + " in this family");
            }
        }
    }

    private static void mlp(Binder layer, MlpSpec spec) {
        layer.bindLinear("up", "up_proj", spec.bias()).bindLinear("down", "down_proj", spec.bias());
    }

    private static void experts(Binder layer, MixtureOfExpertsSpec spec, int width) {
        layer.bind("router.weight", "gate.weight").bindBuffer("router.choice_bias", "gate.e_score_correction_bias");
        boolean latent = !spec.latent().isNone();
        if (latent) {
            layer.bindLinear("latent_down", "fc1_latent_proj", spec.latent().bias());
            layer.bindLinear("latent_up", "fc2_latent_proj", spec.latent().bias());
        }
        if (layer.has("experts.up_proj")) {
            ExpertNames.stacked(layer, spec, latent ? spec.latent().width() : width, "experts.up_proj", "experts.down_proj");
        } else {
            ExpertNames.each(layer, spec, "experts.", "", "up_proj", "down_proj");
        }
        mlp(layer.at("shared.", "shared_experts."), (MlpSpec) spec.shared().orElseThrow().expert());
    }
}
