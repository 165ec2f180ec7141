package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// Samba (Ren et al. 2024) as its authors' training code stores it: Mamba and sliding-window attention in turn, each
/// followed by a gated MLP.
///
/// That code rounds the cosines and sines of its rotations to bfloat16; here they stay in single precision.
final class Samba implements Family {
    private static final double ROTARY_BASE = 10000;

    @Override
    public String name() {
        return "samba";
    }

    @Override
    public boolean accepts(Config config) {
        return config.has("model_type") ? config.string("model_type").equals(name())
                : config.has("mb_per_layer") && config.has("local_window") && config.has("n_embd");
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        if (config.flag("rope_bf16", false)) {
            throw config.invalid("rope_bf16", "false: rotations are computed in single precision");
        }
        if (config.flag("parallel_residual", false)) {
            throw config.invalid("parallel_residual", "false");
        }
        int width = config.integer("n_embd");
        NormSpec norm = NormSpec.rms(config.number("norm_eps", 1e-5));
        GatedMlpSpec mlp = new GatedMlpSpec(config.integer("intermediate_size"), Activation.SILU,
                config.flag("bias", false), 1, 1);
        Mamba1Spec mamba = new Mamba1Spec(config.integer("expand", 2) * width, config.integer("d_state", 16),
                config.integer("d_conv", 4), (width + 15) / 16, true, false, NormSpec.NONE);
        AttentionSpec full = attention(config, width);
        AttentionSpec local = full.withWindow(config.integer("local_window"));
        int fullPeriod = config.integer("full_per_layer", Integer.MAX_VALUE);
        boolean[] attends = attends(config);
        List<LayerSpec> blocks = new ArrayList<>();
        for (int i = 0; i < attends.length; i++) {
            LayerSpec mixer = !attends[i] ? mamba : i % fullPeriod < fullPeriod - 1 ? local : full;
            blocks.add(SequenceSpec.of(ResidualSpec.of(norm, mixer), ResidualSpec.of(norm, mlp)));
        }
        return new ModelSpec(name, name(), paddedVocabulary(config), width, config.integer("block_size", 0),
                ModelSpec.EmbeddingSpec.PLAIN, blocks, Map.of(), norm,
                ModelSpec.HeadSpec.of(config.flag("mamba_init", false)));
    }

    private static AttentionSpec attention(Config config, int width) {
        int heads = config.integer("n_head");
        int headDim = width / heads;
        PositionSpec position = config.flag("nope", false) ? PositionSpec.NONE
                : PositionSpec.Rotary.of(ROTARY_BASE, (int) (config.number("rotary_percentage", 1) * headDim));
        boolean bias = config.flag("bias", false);
        return AttentionSpec.of(heads, config.integer("n_query_groups", heads), headDim, position).withBias(bias, bias);
    }

    /// Which layers are attention: those in `attn_layer_pos`, a list in brackets, or all but every `mb_per_layer`-th.
    private static boolean[] attends(Config config) {
        boolean[] attends = new boolean[config.integer("n_layer")];
        if (config.has("attn_layer_pos")) {
            String list = config.string("attn_layer_pos").replaceAll("[\\[\\]() ]", "");
            try {
                Arrays.stream(list.split(",")).filter(entry -> !entry.isEmpty())
                        .forEach(entry -> attends[Integer.parseInt(entry)] = true);
            } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
                throw config.invalid("attn_layer_pos", "numbers of layers in brackets");
            }
            return attends;
        }
        int period = config.integer("mb_per_layer");
        for (int i = 0; i < attends.length; i++) {
            attends[i] = period <= 0 || i % period != 0;
        }
        return attends;
    }

    private static int paddedVocabulary(Config config) {
        int multiple = config.integer("padding_multiple", 1);
        return config.integer("padded_vocab_size", Math.ceilDiv(config.integer("vocab_size"), multiple) * multiple);
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        binder.bind("embedding.weight", "transformer.wte.weight").bind("norm.weight", "transformer.ln_f.weight");
        LlamaNames.head(binder, spec.head().tied());
        for (int i = 0; i < spec.blocks().size(); i++) {
            SequenceSpec block = (SequenceSpec) spec.blocks().get(i);
            Binder layer = binder.at("blocks." + i + ".", "transformer.h." + i + ".");
            layer.bind("0.norm.weight", "norm_1.weight").bind("1.norm.weight", "norm_2.weight");
            LayerSpec mixer = ((ResidualSpec) block.layers().get(0)).body();
            if (mixer instanceof AttentionSpec attention) {
                attention(layer.at("0.", "attn."), attention);
            } else {
                Mamba1Names.bind(layer.at("0.", "attn."), (Mamba1Spec) mixer);
            }
            boolean bias = ((GatedMlpSpec) ((ResidualSpec) block.layers().get(1)).body()).bias();
            Binder mlp = layer.at("1.", "mlp.swiglu.");
            mlp.bindLinear("gate", "w1", bias).bindLinear("up", "w2", bias).bindLinear("down", "w3", bias);
        }
    }

    /// `attn` holds for each key/value head the queries that read it, its key and its value.
    private static void attention(Binder layer, AttentionSpec spec) {
        int groups = spec.kvHeads();
        int head = spec.headDim();
        int queries = spec.heads() / groups * head;
        int size = queries + 2 * head;
        part(layer, "q", RowParts.of(groups, size, 0, queries), spec.qkvBias());
        part(layer, "k", RowParts.of(groups, size, queries, head), spec.qkvBias());
        part(layer, "v", RowParts.of(groups, size, queries + head, head), spec.qkvBias());
        layer.bindLinear("o", "proj", spec.outputBias());
    }

    private static void part(Binder layer, String name, int[] rows, boolean bias) {
        layer.bindRows(name + ".weight", "attn.weight", rows);
        if (bias) {
            layer.bindRows(name + ".bias", "attn.bias", rows);
        }
    }
}
