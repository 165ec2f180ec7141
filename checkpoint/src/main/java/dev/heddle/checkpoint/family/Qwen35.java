package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.GatedDeltaNetSpec;
import dev.heddle.core.spec.ModelSpec;
import java.util.List;

/// The text model of Qwen3.5 (Qwen Team 2026), dense or with experts: Qwen3-Next with one tensor for each projection.
/// Files of the whole model hold it under `model.language_model`; their image part is left aside.
final class Qwen35 implements Family {
    private static final List<String> WHOLE = List.of("qwen3_5", "qwen3_5_moe");
    private static final List<String> TEXT = List.of("qwen3_5_text", "qwen3_5_moe_text");

    @Override
    public String name() {
        return "qwen3_5";
    }

    @Override
    public boolean accepts(Config config) {
        String type = config.string("model_type", "");
        return TEXT.contains(type) || WHOLE.contains(type);
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        Config text = config.has("text_config") ? config.section("text_config") : config;
        boolean tied = text.flag("tie_word_embeddings", config.flag("tie_word_embeddings", false));
        return Qwen3Next.spec(text, name, name(), tied);
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        boolean whole = binder.has("model.language_model.embed_tokens.weight");
        binder.ignoreBelow("model.visual.");
        Qwen3Next.bind(spec, binder, whole ? "model.language_model." : "model.", Qwen35::deltaNet);
    }

    private static void deltaNet(Binder layer, GatedDeltaNetSpec spec) {
        long keys = spec.keyWidth();
        layer.bindRows("q.weight", "in_proj_qkv.weight", 0, keys).bindRows("k.weight", "in_proj_qkv.weight", keys, 2 * keys);
        layer.bindRows("v.weight", "in_proj_qkv.weight", 2 * keys, spec.convChannels());
        layer.bind("gate.weight", "in_proj_z.weight").bind("decay.weight", "in_proj_a.weight");
        layer.bind("rate.weight", "in_proj_b.weight");
    }
}
