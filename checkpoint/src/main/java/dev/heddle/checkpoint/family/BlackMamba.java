package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.MlpSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// BlackMamba (Anthony et al. 2024): Mamba layers and experts in turn. `mamba_moe_layers` lists "r" for Mamba, a number
/// of experts, or "1" for a single MLP.
///
/// A row goes to the expert with the largest score, whose output the sigmoid of that score multiplies; Sinkhorn's
/// balancing takes part in training alone. `swiglu` says that MLPs are gated; their activation is GELU all the same,
/// because no published configuration sets another.
final class BlackMamba implements Family {
    @Override
    public String name() {
        return "blackmamba";
    }

    @Override
    public boolean accepts(Config config) {
        return config.has("model_type") ? config.string("model_type").equals(name()) : config.has("mamba_moe_layers");
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        int width = config.integer("hidden_size");
        double epsilon = config.number("layernorm_epsilon", 1e-5);
        NormSpec norm = NormSpec.rms(epsilon);
        if (config.flag("add_bias_linear", false)) {
            throw config.invalid("add_bias_linear", "false");
        }
        Mamba1Spec mamba = new Mamba1Spec(config.integer("expansion_factor", 2) * width, config.integer("state_size"),
                config.integer("conv_dimension"), config.integer("dt_rank", (width + 15) / 16), true, false, NormSpec.NONE);
        List<LayerSpec> blocks = new ArrayList<>();
        for (String layer : config.strings("mamba_moe_layers")) {
            blocks.add(ResidualSpec.of(norm, layer.equals("r") ? mamba : channel(config, layer)));
        }
        if (blocks.size() != config.integer("num_layers", blocks.size())) {
            throw config.invalid("mamba_moe_layers", config.integer("num_layers") + " layers");
        }
        return new ModelSpec(name, name(), config.integer("vocab_size"), width, 0, ModelSpec.EmbeddingSpec.PLAIN, blocks,
                Map.of(), NormSpec.layer(epsilon), ModelSpec.HeadSpec.of(true));
    }

    private static ChannelMixerSpec channel(Config config, String layer) {
        Activation activation = Activation.named(config.string("activation", "gelu"));
        int inner = config.integer("ffn_hidden_size");
        ChannelMixerSpec mlp = config.flag("swiglu", false) ? GatedMlpSpec.of(inner, activation)
                : new MlpSpec(inner, activation, false);
        if (!layer.matches("[1-9][0-9]{0,5}")) {
            // "r8" and "r1", Mamba and experts side by side, never were published
            throw config.invalid("mamba_moe_layers", "a list of \"r\" and numbers of experts, not \"" + layer + "\"");
        }
        int experts = Integer.parseInt(layer);
        return experts == 1 ? mlp : MixtureOfExpertsSpec.of(experts, 1, mlp, Router.sigmoid().withBias(true));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        binder.bind("embedding.weight", "embedding.word_embeddings.weight")
                .bindLinear("norm", "decoder.final_layernorm", true);
        for (int i = 0; i < spec.blocks().size(); i++) {
            Binder layer = binder.at("blocks." + i + ".", "decoder.layers." + i + ".");
            layer.bind("norm.weight", "norm.weight");
            Binder mixer = layer.at("", "mixer.");
            switch (((ResidualSpec) spec.blocks().get(i)).body()) {
                case Mamba1Spec mamba -> Mamba1Names.bind(mixer, mamba);
                case MixtureOfExpertsSpec moe -> {
                    mixer.bindLinear("router", "router", true);
                    for (int e = 0; e < moe.experts(); e++) {
                        mlp(mixer.at("experts." + e + ".", "local_experts." + e + "."), moe.expert());
                    }
                }
                case ChannelMixerSpec mlp -> mlp(mixer, mlp);
                default -> throw new IllegalStateException("block " + i);
            }
        }
    }

    private static void mlp(Binder layer, ChannelMixerSpec spec) {
        if (spec instanceof GatedMlpSpec gated) {
            ExpertNames.fusedMlp(layer, gated, "linear_fc1", "linear_fc2");
        } else {
            layer.bind("up.weight", "linear_fc1.weight").bind("down.weight", "linear_fc2.weight");
        }
    }
}
