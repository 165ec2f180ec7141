package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.ResidualSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// MambaFormer (Park et al. 2024, "Can Mamba Learn How to Learn?"): a Mamba layer, then attention and Mamba in turn,
/// with biased layer norms and neither positions nor MLPs.
///
/// In-context regression reads vectors through `_read_in`; over a vocabulary, as here, its rows are the embeddings of
/// tokens and those of `_read_out` the head.
final class MambaFormer implements Family {
    @Override
    public String name() {
        return "mambaformer";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        if (!config.string("mixed_attn", "mambaformer").equals("mambaformer")) {
            throw config.invalid("mixed_attn", "mambaformer");
        }
        int width = config.integer("n_embd");
        NormSpec norm = NormSpec.layer(1e-5);
        Mamba1Spec mamba = new Mamba1Spec(config.integer("expand", 2) * width, config.integer("d_state", 16),
                config.integer("d_conv", 4), (width + 15) / 16, true, false, NormSpec.NONE);
        int heads = config.integer("n_head", 8);
        AttentionSpec attention = AttentionSpec.of(heads, heads, width / heads, PositionSpec.NONE).withBias(true, true);
        List<LayerSpec> blocks = new ArrayList<>();
        for (int i = 0; i <= config.integer("n_layer"); i++) {
            blocks.add(ResidualSpec.of(norm, i % 2 == 1 ? attention : mamba));
        }
        return new ModelSpec(name, name(), config.integer("vocab_size"), width, 0, ModelSpec.EmbeddingSpec.PLAIN, blocks,
                Map.of(), norm, ModelSpec.HeadSpec.of(false));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        binder.bind("embedding.weight", "_read_in.weight").bind("head.weight", "_read_out.weight")
                .bindLinear("norm", "_backbone.norm_f", true);
        // the backbone's own table of one token, which vectors pass by
        binder.ignore("_backbone.embedding.weight");
        for (int i = 0; i < spec.blocks().size(); i++) {
            Binder layer = binder.at("blocks." + i + ".", "_backbone.layers." + i + ".");
            layer.bindLinear("norm", "norm", true);
            Binder mixer = layer.at("", "mixer.");
            if (((ResidualSpec) spec.blocks().get(i)).body() instanceof Mamba1Spec mamba) {
                Mamba1Names.bind(mixer, mamba);
            } else {
                attention(mixer, spec.width());
            }
        }
    }

    private static void attention(Binder mixer, long width) {
        for (String kind : new String[] {".weight", ".bias"}) {
            mixer.bindRows("q" + kind, "c_attn" + kind, 0, width).bindRows("k" + kind, "c_attn" + kind, width, 2 * width)
                    .bindRows("v" + kind, "c_attn" + kind, 2 * width, 3 * width);
        }
        mixer.bindLinear("o", "c_proj", true);
    }
}
