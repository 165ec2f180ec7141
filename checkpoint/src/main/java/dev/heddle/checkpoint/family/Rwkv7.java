package dev.heddle.checkpoint.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.Rwkv7TimeMixSpec;
import dev.heddle.core.spec.RwkvChannelMixSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// RWKV-7 "Goose" (Peng et al. 2025), in the author's form and flash-linear-attention's.
final class Rwkv7 implements Family {
    /// Order of the blends where older files stack them in one tensor.
    private static final String STACKED_ORDER = "rwkvag";

    @Override
    public String name() {
        return "rwkv7";
    }

    @Override
    public boolean accepts(Config config) {
        String type = config.string("model_type", "");
        return type.isEmpty() ? config.has("dim_ffn_rwkv7") : type.equals("rwkv7") || type.equals("rwkv7_fla");
    }

    @Override
    public Optional<Config> infer(WeightSource weights) {
        if (!RwkvConfig.isOriginal(weights) || !weights.contains("blocks.0.att.r_k")) {
            return Optional.empty();
        }
        ObjectNode json = RwkvConfig.inferred(weights, name());
        json.put("head_size", RwkvConfig.shape(weights, "blocks.0.att.r_k", 2)[1]);
        json.put("d_decay_lora", RwkvConfig.shape(weights, "blocks.0.att.w2", 2)[0]);
        json.put("d_aaa_lora", RwkvConfig.shape(weights, "blocks.0.att.a2", 2)[0]);
        json.put("d_gate_lora", RwkvConfig.shape(weights, "blocks.0.att.g2", 2)[0]);
        if (json.get("n_layer").intValue() > 1) {
            json.put("d_mv_lora", RwkvConfig.shape(weights, "blocks.1.att.v2", 2)[0]);
        }
        return Optional.of(RwkvConfig.config(weights, json));
    }

    private static boolean isFla(Config config) {
        return config.hasAny("norm_first", "decay_low_rank_dim", "hidden_size");
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        boolean fla = isFla(config);
        if (fla) {
            requireKnownFla(config);
        }
        List<LayerSpec> blocks = new ArrayList<>();
        for (int i = 0; i < RwkvConfig.layers(config); i++) {
            int inner = fla ? Rwkv6.flaInner(config, 4)
                    : config.integerAnyOr(4 * RwkvConfig.width(config), "dim_ffn", "dim_ffn_rwkv7");
            blocks.add(SequenceSpec.of(ResidualSpec.of(RwkvConfig.norm(config), timeMix(config, fla, i == 0)),
                    ResidualSpec.of(RwkvConfig.norm(config),
                            new RwkvChannelMixSpec(inner, false, RwkvChannelMixSpec.Stored.PREVIOUS))));
        }
        return RwkvConfig.model(config, name(), name, blocks);
    }

    private static void requireKnownFla(Config config) {
        RwkvConfig.refuseAttention(config);
        Rwkv6.requireSquaredRelu(config);
        for (int width : config.isList("value_dim") ? config.integers("value_dim")
                : new int[] {config.integer("value_dim", RwkvConfig.width(config))}) {
            if (width != RwkvConfig.width(config)) {
                throw config.invalid("value_dim", "hidden_size (" + RwkvConfig.width(config) + ") in every layer");
            }
        }
    }

    /// Ranks that a configuration leaves out follow from the width by the rule of the training code it stands for.
    private static Rwkv7TimeMixSpec timeMix(Config config, boolean fla, boolean first) {
        int width = RwkvConfig.width(config);
        int headSize = fla && !config.has("head_dim") && config.has("num_heads") ? width / config.integer("num_heads")
                : RwkvConfig.headSize(config);
        double root = Math.sqrt(width);
        Config ranks = config.sectionOrEmpty("rwkv7_lora_ranks");
        int decay = ranks.integer("w", config.integerAnyOr(rank((fla ? 2.5 : 1.8) * root), "decay_low_rank_dim",
                "d_decay_lora"));
        int rate = ranks.integer("a", config.integerAnyOr(rank((fla ? 2.5 : 1.8) * root), "a_low_rank_dim", "d_aaa_lora"));
        int value = ranks.integer("v", config.integerAnyOr(rank((fla ? 1.7 : 1.3) * root), "v_low_rank_dim", "d_mv_lora"));
        int gate = ranks.integer("g", config.integerAnyOr(rank(fla ? 5 * root : 0.6 * Math.pow(width, 0.8)),
                "gate_low_rank_dim", "d_gate_lora"));
        double epsilon = fla ? headSize * config.number("norm_eps", 1e-5) : RwkvConfig.headEpsilon(config);
        return new Rwkv7TimeMixSpec(width / headSize, headSize, decay, rate, first ? 0 : value, gate, epsilon);
    }

    /// Ranks are multiples of 32.
    private static int rank(double wanted) {
        return Math.max(32, (int) Math.rint(wanted / 32) * 32);
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        RwkvNames names = RwkvNames.of(binder);
        names.bind(spec, binder, (block, time, channel) -> {
            if (names == RwkvNames.FLA) {
                bindFla(block, time);
            } else {
                bindOriginal(block, time);
            }
            channel.bind("mix_k", "x_k");
            Rwkv4.bindMatrices(channel, "key", "value");
        });
    }

    private static void bindMixes(Binder time) {
        for (int m = 0; m < STACKED_ORDER.length(); m++) {
            char letter = STACKED_ORDER.charAt(m);
            if (time.has("x_x")) {
                time.bindRows("mix_" + letter, "x_x", m, m + 1L);
            } else {
                time.bind("mix_" + letter, "x_" + letter);
            }
        }
    }

    private static void bindOriginal(int block, Binder time) {
        bindMixes(time);
        bindLowRank(time, "decay", "w");
        bindLowRank(time, "rate", "a");
        if (block > 0) {
            bindLowRank(time, "value_mix", "v");
        } else {
            // files of the author's training code hold them in the first layer too, where nothing uses them
            time.ignore("v0").ignore("v1").ignore("v2");
        }
        time.bindTransposed("gate.down.weight", "g1").bindTransposed("gate.up.weight", "g2");
        time.bind("removal", "k_k").bind("key_rate", "k_a").bind("bonus", "r_k");
        Rwkv4.bindMatrices(time, "receptance", "key", "value", "output");
        time.bindLinear("head_norm", "ln_x", true);
    }

    private static void bindLowRank(Binder time, String parameter, String letter) {
        time.bindTransposed(parameter + ".down.weight", letter + "1");
        time.bindTransposed(parameter + ".up.weight", letter + "2");
        time.bind(parameter + ".bias", letter + "0");
    }

    private static void bindFla(int block, Binder time) {
        bindMixes(time);
        bindLora(time, "decay", "w_lora", true);
        bindLora(time, "rate", "a_lora", true);
        bindLora(time, "gate", "g_lora", false);
        if (block > 0) {
            bindLora(time, "value_mix", "v_lora", true);
        } else {
            time.ignore("v_lora.lora.0.weight").ignore("v_lora.lora.2.weight").ignore("v_lora.lora.2.bias");
        }
        time.bind("removal", "k_k").bind("key_rate", "k_a").bind("bonus", "r_k");
        time.bindLinear("receptance", "r_proj", false).bindLinear("key", "k_proj", false);
        time.bindLinear("value", "v_proj", false).bindLinear("output", "o_proj", false);
        time.bindLinear("head_norm", "g_norm", true);
    }

    private static void bindLora(Binder time, String parameter, String lora, boolean bias) {
        time.bind(parameter + ".down.weight", lora + ".lora.0.weight");
        time.bind(parameter + ".up.weight", lora + ".lora.2.weight");
        if (bias) {
            time.bind(parameter + ".bias", lora + ".lora.2.bias");
        }
    }
}
