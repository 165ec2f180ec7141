package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.NormedSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Zamba (Glorioso et al. 2024): Mamba layers whose channels form two heads, and one transformer block that reads the
/// residual stream beside the embedded tokens at every sixth depth.
final class Zamba implements Family {
    @Override
    public String name() {
        return "zamba";
    }

    @Override
    public boolean accepts(Config config) {
        return config.has("model_type") ? config.string("model_type").equals(name())
                : config.has("n_mamba_heads") && config.has("attn_layer_period");
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        int width = config.integer("hidden_size");
        NormSpec norm = NormSpec.rms(config.number("rms_norm_eps", 1e-5));
        int inner = config.integer("mamba_expand", 2) * width;
        int rank = config.isNumber("mamba_dt_rank") ? config.integer("mamba_dt_rank") : Math.ceilDiv(width, 16);
        if (Activation.named(config.string("hidden_mamba_act", "silu")) != Activation.SILU) {
            throw config.invalid("hidden_mamba_act", "silu");
        }
        Mamba1Spec mamba = new Mamba1Spec(inner, config.integer("mamba_d_state", 16), config.integer("mamba_d_conv", 4), rank,
                config.flag("mamba_conv_bias", true), config.flag("mamba_proj_bias", false), NormSpec.NONE)
                .withHeads(config.integer("n_mamba_heads", 2));
        int heads = config.integer("num_attention_heads");
        int headDim = config.integer("attention_head_dim", 2 * width / heads);
        int read = config.integer("attention_hidden_size", 2 * width);
        if (read != 2 * width) {
            throw config.invalid("attention_hidden_size", "twice hidden_size");
        }
        AttentionSpec attention = AttentionSpec
                .of(heads, config.integer("num_key_value_heads", heads), headDim, PositionSpec.NONE)
                .withInputWidth(read).withScale(1 / Math.sqrt(headDim / 2.0));
        GatedMlpSpec mlp = GatedMlpSpec.of(config.integer("intermediate_size"),
                Activation.named(config.string("hidden_act", "gelu")));
        SequenceSpec transformer = SequenceSpec.of(new NormedSpec(norm, read, attention), NormedSpec.of(norm, mlp));
        return new ModelSpec(name, name(), config.integer("vocab_size"), width,
                config.integer("max_position_embeddings", 0), ModelSpec.EmbeddingSpec.PLAIN,
                ZambaNames.blocks(hybrid(config), 1, norm, mamba), Map.of(ZambaNames.block(0), transformer), norm,
                ModelSpec.HeadSpec.of(config.flag("tie_word_embeddings", true)));
    }

    /// By name, or the third layer and from the fourth on one in every period.
    private static List<Boolean> hybrid(Config config) {
        if (config.has("layers_block_type")) {
            return config.strings("layers_block_type").stream()
                    .map(type -> ZambaNames.isHybrid(config, "layers_block_type", type)).toList();
        }
        int period = config.integer("attn_layer_period", 6);
        int offset = config.integer("attn_layer_offset", 4);
        List<Boolean> hybrid = new ArrayList<>(List.of(false, false, true));
        IntStream.range(0, config.integer("num_hidden_layers") - 3).forEach(i -> hybrid.add(i % period == offset));
        return hybrid;
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        ZambaNames.bind(spec, binder, (layer, mixer) -> bindMamba(layer, (Mamba1Spec) mixer));
        List<Boolean> hybrid = spec.blocks().stream().map(ZambaNames::isHybrid).toList();
        boolean first = true;
        for (ZambaNames.Use use : ZambaNames.uses(hybrid, 1)) {
            String tensors = "model.layers." + use.layer() + ".shared_transf.";
            if (first) {
                bindTransformer(spec, binder.at("shared." + ZambaNames.block(0) + ".", tensors));
            } else {
                // a file written with all its ties spelled out repeats the block
                List.of("input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
                        "pre_ff_layernorm", "feed_forward.gate_proj", "feed_forward.up_proj", "feed_forward.down_proj")
                        .forEach(tensor -> binder.ignore(tensors + tensor + ".weight"));
            }
            first = false;
        }
    }

    private static void bindTransformer(ModelSpec spec, Binder shared) {
        SequenceSpec transformer = (SequenceSpec) spec.shared().get(ZambaNames.block(0));
        shared.bind("0.norm.weight", "input_layernorm.weight").bind("1.norm.weight", "pre_ff_layernorm.weight");
        LlamaNames.attention(shared.at("0.", "self_attn."), (AttentionSpec) ((NormedSpec) transformer.layers().get(0)).body());
        LlamaNames.mlp(shared.at("1.", "feed_forward."), (GatedMlpSpec) ((NormedSpec) transformer.layers().get(1)).body());
    }

    /// The projection's rows alternate between x and z; the rest is stacked by heads.
    private static void bindMamba(Binder layer, Mamba1Spec spec) {
        int[] even = IntStream.range(0, spec.inner()).map(i -> 2 * i).toArray();
        int[] odd = IntStream.range(0, spec.inner()).map(i -> 2 * i + 1).toArray();
        layer.bindRows("in_x.weight", "in_proj.weight", even).bindRows("in_z.weight", "in_proj.weight", odd);
        if (spec.projectionBias()) {
            layer.bindRows("in_x.bias", "in_proj.bias", even).bindRows("in_z.bias", "in_proj.bias", odd);
        }
        layer.bindLinear("conv", "conv1d", spec.convBias());
        layer.bindLinear("out_proj", "out_proj", spec.projectionBias());
        int projected = spec.dtRank() + 2 * spec.state();
        int inner = spec.headInner();
        for (int h = 0; h < spec.heads(); h++) {
            Binder head = layer.at(spec.heads() == 1 ? "" : "heads." + h + ".", "");
            head.bindRows("x_proj.weight", "x_proj_weight", (long) h * projected, (h + 1L) * projected);
            head.bindRows("dt_proj.weight", "dt_proj_weight", (long) h * inner, (h + 1L) * inner);
            head.bindRows("dt_proj.bias", "dt_proj_bias", h, h + 1L);
            head.bindRows("A_log", "A_log", (long) h * inner, (h + 1L) * inner);
            head.bindRows("D", "D", h, h + 1L);
        }
    }
}
