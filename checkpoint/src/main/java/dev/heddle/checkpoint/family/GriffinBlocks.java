package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.RgLruSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.ArrayList;
import java.util.List;

/// The blocks that DeepMind's and Transformers' checkpoints of Griffin describe in different words.
final class GriffinBlocks {
    private GriffinBlocks() {
    }

    /// One block for each entry of `types`: a recurrence or attention, then a gated MLP with biases.
    static List<LayerSpec> of(Config config, List<String> types, NormSpec norm, RgLruSpec recurrence, AttentionSpec attention,
            int mlpWidth, Activation activation) {
        GatedMlpSpec mlp = new GatedMlpSpec(mlpWidth, activation, true, 1, 1);
        List<LayerSpec> blocks = new ArrayList<>();
        for (String type : types) {
            MixerSpec mixer = switch (type) {
                case "recurrent" -> recurrence;
                case "attention" -> attention;
                default -> throw config.invalid("block_types", "a list of recurrent and attention, without \"" + type + "\"");
            };
            blocks.add(SequenceSpec.of(ResidualSpec.of(norm, mixer), ResidualSpec.of(norm, mlp)));
        }
        return blocks;
    }

    /// √width as the checkpoints were trained with it, rounded to bfloat16.
    static ModelSpec.EmbeddingSpec scaledEmbedding(int width) {
        int bits = Float.floatToRawIntBits((float) Math.sqrt(width));
        int rounded = bits + 0x7fff + (bits >>> 16 & 1) & 0xffff0000;
        return new ModelSpec.EmbeddingSpec(Float.intBitsToFloat(rounded), NormSpec.NONE);
    }

    static MixerSpec mixer(LayerSpec block) {
        return (MixerSpec) ((ResidualSpec) ((SequenceSpec) block).layers().get(0)).body();
    }

    static GatedMlpSpec mlp(LayerSpec block) {
        return (GatedMlpSpec) ((ResidualSpec) ((SequenceSpec) block).layers().get(1)).body();
    }

    /// The gates' blocks are stored input-major, stacked by head.
    static void bindGate(Binder block, RgLruSpec spec, String gate, String weight, String bias) {
        for (int h = 0; h < spec.heads(); h++) {
            block.bindTransposed(gate + "." + h + ".weight", weight, h);
        }
        block.bindRows(gate + ".bias", bias, 0, spec.heads());
    }
}
