package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.NormedSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SharedUseSpec;
import dev.heddle.core.spec.SideInputSpec;
import java.util.ArrayList;
import java.util.List;

/// What both Zamba families share: recurrent layers, some of which also read a transformer block that several of them
/// have in common.
final class ZambaNames {
    /// A use of a shared block.
    ///
    /// @param layer its depth in the model
    /// @param block number of the shared block
    record Use(int layer, int block) {
    }

    private ZambaNames() {
    }

    /// Whether a layer of this type uses a shared block; both the older and the newer names, and Zyphra's letters.
    static boolean isHybrid(Config config, String field, String type) {
        return switch (type) {
            case "hybrid", "g" -> true;
            case "mamba", "linear_attention", "m" -> false;
            default -> throw config.invalid(field, "a list of mamba (or linear_attention, m) and hybrid (or g), without \""
                    + type + "\"");
        };
    }

    /// The uses of `blocks` shared blocks, which take turns.
    static List<Use> uses(List<Boolean> hybrid, int blocks) {
        List<Use> uses = new ArrayList<>();
        for (int i = 0; i < hybrid.size(); i++) {
            if (hybrid.get(i)) {
                uses.add(new Use(i, uses.size() % blocks));
            }
        }
        return uses;
    }

    static String block(int number) {
        return Integer.toString(number);
    }

    /// Every layer is x + mixer(norm(x)); a hybrid one reads x + projection(shared([x, embedded])) instead.
    static List<LayerSpec> blocks(List<Boolean> hybrid, int blocks, NormSpec norm, MixerSpec mixer) {
        List<LayerSpec> layers = new ArrayList<>();
        hybrid.forEach(_ -> layers.add(ResidualSpec.of(norm, mixer)));
        for (Use use : uses(hybrid, blocks)) {
            layers.set(use.layer(), ResidualSpec.of(NormSpec.NONE, new SideInputSpec(
                    new SharedUseSpec(block(use.block()), SharedUseSpec.Input.STREAM_AND_EMBEDDED, true),
                    NormedSpec.of(norm, mixer))));
        }
        return layers;
    }

    static boolean isHybrid(LayerSpec block) {
        return ((ResidualSpec) block).body() instanceof SideInputSpec;
    }

    static MixerSpec mixer(LayerSpec block) {
        return (MixerSpec) (((ResidualSpec) block).body() instanceof SideInputSpec side
                ? ((NormedSpec) side.body()).body() : ((ResidualSpec) block).body());
    }

    interface Mixers {
        /// @param layer at the mixer's prefixes
        void bind(Binder layer, MixerSpec mixer);
    }

    /// Everything but the shared blocks.
    static void bind(ModelSpec spec, Binder binder, Mixers mixers) {
        binder.bind("embedding.weight", "model.embed_tokens.weight").bind("norm.weight", "model.final_layernorm.weight");
        LlamaNames.head(binder, spec.head().tied());
        for (int i = 0; i < spec.blocks().size(); i++) {
            boolean hybrid = isHybrid(spec.blocks().get(i));
            String tensors = "model.layers." + i + ".";
            Binder layer = binder.at("blocks." + i + ".", tensors);
            if (hybrid) {
                layer.bind("side.projection.weight", "linear.weight");
            }
            layer = binder.at("blocks." + i + ".", tensors + (hybrid ? "mamba_decoder." : ""));
            layer.bind("norm.weight", "input_layernorm.weight");
            mixers.bind(layer.at("", "mamba."), mixer(spec.blocks().get(i)));
        }
    }
}
