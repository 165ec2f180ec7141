package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.Rwkv4TimeMixSpec;
import dev.heddle.core.spec.RwkvChannelMixSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.Collections;
import java.util.Optional;

/// RWKV-4 (Peng et al. 2023), in HF Transformers' form (`model_type` rwkv) and the author's.
final class Rwkv4 implements Family {
    @Override
    public String name() {
        return "rwkv";
    }

    @Override
    public boolean accepts(Config config) {
        String type = config.string("model_type", "");
        return type.equals("rwkv") || type.equals("rwkv4");
    }

    @Override
    public Optional<Config> infer(WeightSource weights) {
        if (!RwkvConfig.isOriginal(weights) || !weights.contains("blocks.0.att.time_first")
                || weights.contains("blocks.0.att.ln_x.weight")) {
            return Optional.empty();
        }
        return Optional.of(RwkvConfig.config(weights, RwkvConfig.inferred(weights, name())));
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        LayerSpec block = SequenceSpec.of(
                ResidualSpec.of(RwkvConfig.norm(config), new Rwkv4TimeMixSpec(RwkvConfig.attention(config))),
                ResidualSpec.of(RwkvConfig.norm(config), new RwkvChannelMixSpec(
                        config.integerAnyOr(4 * RwkvConfig.width(config), "intermediate_size", "dim_ffn"), true,
                        RwkvChannelMixSpec.Stored.PRESENT)));
        return RwkvConfig.model(config, name(), name, Collections.nCopies(RwkvConfig.layers(config), block));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        RwkvNames names = RwkvNames.of(binder);
        boolean spelledOut = names == RwkvNames.TRANSFORMERS;
        names.bind(spec, binder, (_, time, channel) -> {
            time.bind("time_decay", "time_decay").bind("bonus", "time_first");
            bindMixes(time, spelledOut, "k", "v", "r");
            bindMatrices(time, "key", "value", "receptance", "output");
            bindMixes(channel, spelledOut, "k", "r");
            bindMatrices(channel, "key", "value", "receptance");
        });
    }

    /// `time_mix_k`, or `time_mix_key` where names are spelled out.
    static void bindMixes(Binder layer, boolean spelledOut, String... letters) {
        for (String letter : letters) {
            layer.bind("mix_" + letter, "time_mix_" + (spelledOut ? switch (letter) {
                case "k" -> "key";
                case "v" -> "value";
                case "r" -> "receptance";
                case "g" -> "gate";
                default -> throw new IllegalArgumentException(letter);
            } : letter));
        }
    }

    static void bindMatrices(Binder layer, String... names) {
        for (String name : names) {
            layer.bindLinear(name, name, false);
        }
    }
}
