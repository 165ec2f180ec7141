package dev.heddle.checkpoint.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.Rwkv6TimeMixSpec;
import dev.heddle.core.spec.RwkvChannelMixSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.Collections;
import java.util.Optional;

/// RWKV-6 "Finch" (Peng et al. 2024), in the author's form, that of the `RWKV/rwkv-6-world` repositories, and
/// flash-linear-attention's.
final class Rwkv6 implements Family {
    /// Order of the five blends in the author's stacked tensors, and in flash-linear-attention's.
    private static final String ORIGINAL_ORDER = "wkvrg";
    private static final String FLA_ORDER = "rwkvg";

    @Override
    public String name() {
        return "rwkv6";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public Optional<Config> infer(WeightSource weights) {
        if (!RwkvConfig.isOriginal(weights) || !weights.contains("blocks.0.att.time_maa_x")) {
            return Optional.empty();
        }
        ObjectNode json = RwkvConfig.inferred(weights, name());
        json.put("head_size", RwkvConfig.shape(weights, "blocks.0.att.time_faaaa", 2)[1]);
        json.put("d_mix_lora", RwkvConfig.shape(weights, "blocks.0.att.time_maa_w2", 3)[1]);
        json.put("d_decay_lora", RwkvConfig.shape(weights, "blocks.0.att.time_decay_w2", 2)[0]);
        return Optional.of(RwkvConfig.config(weights, json));
    }

    private static boolean isFla(Config config) {
        return config.hasAny("expand_k", "proj_low_rank_dim", "gate_low_rank_dim");
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        Rwkv6TimeMixSpec time = isFla(config) ? fla(config) : original(config);
        int inner = isFla(config) ? flaInner(config, 3.5) : RwkvConfig.inner(config, 3.5);
        LayerSpec block = SequenceSpec.of(ResidualSpec.of(RwkvConfig.norm(config), time),
                ResidualSpec.of(RwkvConfig.norm(config), new RwkvChannelMixSpec(inner, true,
                        RwkvChannelMixSpec.Stored.PREVIOUS)));
        return RwkvConfig.model(config, name(), name, Collections.nCopies(RwkvConfig.layers(config), block));
    }

    private static Rwkv6TimeMixSpec original(Config config) {
        int headSize = RwkvConfig.headSize(config);
        boolean large = RwkvConfig.width(config) >= 4096;
        return new Rwkv6TimeMixSpec(RwkvConfig.attention(config) / headSize, headSize, headSize,
                config.integer("d_mix_lora", large ? 64 : 32), config.integer("d_decay_lora", large ? 128 : 64),
                RwkvConfig.headEpsilon(config));
    }

    private static Rwkv6TimeMixSpec fla(Config config) {
        RwkvConfig.refuseAttention(config);
        requireSquaredRelu(config);
        int heads = config.integer("num_heads", 4);
        int keys = (int) (RwkvConfig.width(config) * config.number("expand_k", 0.5));
        int values = (int) (RwkvConfig.width(config) * config.number("expand_v", 1));
        if (heads <= 0 || keys % heads != 0 || values % heads != 0) {
            throw new CheckpointException(config.origin() + ": num_heads (" + heads + ") must divide the widths of keys (" + keys
                    + ") and values (" + values + ")");
        }
        // flash-linear-attention gives this norm the ε of all others, not the 64 times larger one of the author's code
        return new Rwkv6TimeMixSpec(heads, keys / heads, values / heads, config.integer("proj_low_rank_dim", 32),
                config.integer("gate_low_rank_dim", 64), config.number("norm_eps", 1e-5));
    }

    static void requireSquaredRelu(Config config) {
        if (!config.string("hidden_act", "sqrelu").equals("sqrelu")) {
            throw config.invalid("hidden_act", "sqrelu");
        }
    }

    /// flash-linear-attention rounds the inner width up to a multiple of 32.
    static int flaInner(Config config, double defaultRatio) {
        int inner = (int) (RwkvConfig.width(config) * config.number("hidden_ratio", defaultRatio));
        return config.integer("intermediate_size", Math.ceilDiv(inner, 32) * 32);
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        RwkvNames names = RwkvNames.of(binder);
        SequenceSpec first = (SequenceSpec) spec.blocks().getFirst();
        int rank = ((Rwkv6TimeMixSpec) ((ResidualSpec) first.layers().getFirst()).body()).mixRank();
        names.bind(spec, binder, (_, time, channel) -> {
            if (names == RwkvNames.FLA) {
                bindFla(time, channel, rank);
            } else {
                bindOriginal(time, channel, rank);
            }
        });
    }

    private static void bindOriginal(Binder time, Binder channel, int rank) {
        time.bind("mix_x", "time_maa_x");
        for (int m = 0; m < ORIGINAL_ORDER.length(); m++) {
            String mix = "mix_" + ORIGINAL_ORDER.charAt(m);
            time.bind(mix, "time_maa_" + ORIGINAL_ORDER.charAt(m));
            time.bindTransposedColumns(mix + ".down.weight", "time_maa_w1", (long) m * rank, (m + 1L) * rank);
            time.bindTransposed(mix + ".up.weight", "time_maa_w2", m);
        }
        time.bindTransposed("decay.down.weight", "time_decay_w1");
        time.bindTransposed("decay.up.weight", "time_decay_w2");
        time.bind("decay.bias", "time_decay");
        time.bind("bonus", "time_faaaa");
        Rwkv4.bindMatrices(time, "key", "value", "receptance", "gate", "output");
        time.bindLinear("head_norm", "ln_x", true);
        channel.bind("mix_k", "time_maa_k").bind("mix_r", "time_maa_r");
        Rwkv4.bindMatrices(channel, "key", "value", "receptance");
    }

    private static void bindFla(Binder time, Binder channel, int rank) {
        time.bind("mix_x", "x_proj.0.mu");
        for (int m = 0; m < FLA_ORDER.length(); m++) {
            String mix = "mix_" + FLA_ORDER.charAt(m);
            time.bindRows(mix, "x_bias", m, m + 1L);
            time.bindRows(mix + ".down.weight", "x_proj.0.linear.weight", (long) m * rank, (m + 1L) * rank);
            time.bindColumns(mix + ".up.weight", "x_proj.2.weight", (long) m * rank, (m + 1L) * rank);
        }
        time.bind("decay.down.weight", "w_proj.linear.lora.0.weight");
        time.bind("decay.up.weight", "w_proj.linear.lora.2.weight");
        time.bind("decay.bias", "w_proj.linear.lora.2.bias");
        time.bind("bonus", "bonus");
        time.bind("key.weight", "k_proj.linear.weight").bind("value.weight", "v_proj.linear.weight");
        time.bind("receptance.weight", "r_proj.linear.weight").bind("gate.weight", "g_proj.linear.weight");
        time.bind("output.weight", "o_proj.weight");
        time.bindLinear("head_norm", "g_norm", true);
        channel.bind("mix_k", "key.mu").bind("mix_r", "receptance.mu");
        channel.bind("key.weight", "key.linear.weight").bind("receptance.weight", "receptance.linear.weight");
        channel.bind("value.weight", "value.weight");
    }
}
