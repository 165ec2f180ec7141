package dev.heddle.checkpoint.family;

import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.Rwkv7TimeMixSpec;
import dev.heddle.core.spec.RwkvChannelMixSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.ArrayList;
import java.util.List;

/// `rwkv7`. The first block has tensors `time_mix_v…`, too, which nothing uses.
final class GgufRwkv7 implements GgufFamily {
    private static final String MIXES = "rwkvag";

    @Override
    public List<String> architectures() {
        return List.of("rwkv7");
    }

    @Override
    public ModelSpec spec(GgufConfig gguf, String name) {
        NormSpec norm = NormSpec.layer(gguf.config().number("attention.layer_norm_epsilon"));
        int head = GgufRwkv6.headSize(gguf);
        List<LayerSpec> blocks = new ArrayList<>();
        for (int i = 0; i < gguf.blocks(); i++) {
            // 64e-5 for the published head size of 64, as the author's code has it
            Rwkv7TimeMixSpec time = new Rwkv7TimeMixSpec(gguf.width() / head, head, gguf.rows(i, "time_mix_w1"),
                    gguf.rows(i, "time_mix_a1"), i == 0 ? 0 : gguf.rows(i, "time_mix_v1"), gguf.rows(i, "time_mix_g1"),
                    head * 1e-5);
            blocks.add(SequenceSpec.of(ResidualSpec.of(norm, time), ResidualSpec.of(norm,
                    new RwkvChannelMixSpec(gguf.rows(i, "channel_mix_key"), false, RwkvChannelMixSpec.Stored.PREVIOUS))));
        }
        return gguf.model(name, new ModelSpec.EmbeddingSpec(1, norm), norm, blocks, 1, 0);
    }

    @Override
    public void bind(ModelSpec spec, Binder binder) {
        GgufRwkv6.bindAround(spec, binder);
        for (int i = 0; i < spec.blocks().size(); i++) {
            Binder layer = GgufNames.block(binder, i);
            timeMix(i, layer.at("0.", "time_mix_"), spec.width());
            Binder channel = layer.at("1.", "channel_mix_");
            channel.bind("mix_k", "lerp_k.weight");
            Rwkv4.bindMatrices(channel, "key", "value");
        }
    }

    private static void timeMix(int block, Binder time, long width) {
        time.shaped("lerp_fused.weight", MIXES.length(), 1, 1, width);
        for (int m = 0; m < MIXES.length(); m++) {
            time.bindRows("mix_" + MIXES.charAt(m), "lerp_fused.weight", m, m + 1L);
        }
        lowRank(time, "decay", "w");
        lowRank(time, "rate", "a");
        if (block > 0) {
            lowRank(time, "value_mix", "v");
        } else {
            time.ignore("v0.weight").ignore("v1.weight").ignore("v2.weight");
        }
        time.bind("gate.down.weight", "g1.weight").bind("gate.up.weight", "g2.weight");
        time.bind("removal", "k_k.weight").bind("key_rate", "k_a.weight").bind("bonus", "r_k.weight");
        time.shaped("r_k.weight", width);
        Rwkv4.bindMatrices(time, "receptance", "key", "value", "output");
        time.bindLinear("head_norm", "ln", true);
    }

    private static void lowRank(Binder time, String parameter, String letter) {
        time.bind(parameter + ".down.weight", letter + "1.weight").bind(parameter + ".up.weight", letter + "2.weight");
        time.bind(parameter + ".bias", letter + "0.weight");
    }
}
