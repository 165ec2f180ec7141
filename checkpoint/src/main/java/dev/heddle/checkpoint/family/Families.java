package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.weights.WeightSource;
import java.util.List;

/// All checkpoint families Heddle reads.
public final class Families {
    private static final List<Family> ALL = List.of(
            new Bamba(),
            new BlackMamba(),
            new FalconH1(),
            new FalconMamba(),
            new Gemma(),
            new Gemma2(),
            new Gemma3(),
            new Granite4(),
            new Griffin(),
            new Hymba(),
            new HeddleNative(),
            new Jamba(),
            new KimiLinear(),
            new Lfm2(),
            new Lfm2Moe(),
            new Llama(),
            new Mamba(),
            new Mamba2(),
            new MambaFormer(),
            new MambaSsmHybrid(),
            new MegatronHybrid(),
            new Mistral(),
            new Mixtral(),
            new NemotronH(),
            new OlmoHybrid(),
            new Qwen2(),
            new Qwen3(),
            new Qwen35(),
            new Qwen3Next(),
            new RecurrentGemma(),
            new RetNet(),
            new Rwkv4(),
            new Rwkv5(),
            new Rwkv6(),
            new Rwkv7(),
            new Samba(),
            new SambaY(),
            new Zamba(),
            new Zamba2());

    private Families() {
    }

    public static List<Family> all() {
        return ALL;
    }

    /// The family called `name`.
    public static Family named(String name) {
        return ALL.stream().filter(family -> family.name().equals(name)).findFirst()
                .orElseThrow(() -> new CheckpointException("no family is called \"" + name + "\""));
    }

    /// The configuration of weights that come without one.
    /// @throws CheckpointException if no family recognises them
    public static Config infer(WeightSource weights) {
        return ALL.stream().flatMap(family -> family.infer(weights).stream()).findFirst()
                .orElseThrow(() -> new CheckpointException(weights.describe()
                        + ": no config.json beside it, and its tensors tell no known architecture"));
    }

    /// The family of a configuration.
    /// @throws CheckpointException if no family knows it
    public static Family of(Config config) {
        return ALL.stream().filter(family -> family.accepts(config)).findFirst().orElseThrow(() -> new CheckpointException(
                config.origin() + ": " + (config.has("model_type") ? "model_type \"" + config.string("model_type")
                        + "\" is unknown" : "no model_type, and the keys fit no known family")
                        + "; known are " + String.join(", ", ALL.stream().map(Family::name).sorted().toList())));
    }
}
