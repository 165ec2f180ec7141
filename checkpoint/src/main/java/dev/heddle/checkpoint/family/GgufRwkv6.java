package dev.heddle.checkpoint.family;

import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.Rwkv6TimeMixSpec;
import dev.heddle.core.spec.RwkvChannelMixSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.ArrayList;
import java.util.List;

/// `rwkv6`. Where `rescale_every_n_layers` is set, the weights that write to the stream are divided by 2 every so many
/// layers; the branches are multiplied back here.
final class GgufRwkv6 implements GgufFamily {
    private static final String MIXES = "wkvrg";
    private static final double HEAD_EPSILON = 64e-5;

    @Override
    public List<String> architectures() {
        return List.of("rwkv6");
    }

    @Override
    public ModelSpec spec(GgufConfig gguf, String name) {
        NormSpec norm = NormSpec.layer(gguf.config().number("attention.layer_norm_epsilon"));
        int head = headSize(gguf);
        int every = gguf.config().integer("rescale_every_n_layers", 0);
        List<LayerSpec> blocks = new ArrayList<>();
        for (int i = 0; i < gguf.blocks(); i++) {
            // the metadata names ranks, too, but converters write those of published sizes whatever the model has
            Rwkv6TimeMixSpec time = new Rwkv6TimeMixSpec(gguf.width() / head, head, head,
                    gguf.rows(i, "time_mix_w1") / MIXES.length(), gguf.rows(i, "time_mix_decay_w1"), HEAD_EPSILON);
            RwkvChannelMixSpec channel = new RwkvChannelMixSpec(gguf.rows(i, "channel_mix_key"), true,
                    RwkvChannelMixSpec.Stored.PREVIOUS);
            double branch = every == 0 ? 1 : Math.scalb(1.0, i / every);
            blocks.add(SequenceSpec.of(new ResidualSpec(norm, time, NormSpec.NONE, branch),
                    new ResidualSpec(norm, channel, NormSpec.NONE, branch)));
        }
        return gguf.model(name, new ModelSpec.EmbeddingSpec(1, norm), norm, blocks, 1, 0);
    }

    static int headSize(GgufConfig gguf) {
        int head = gguf.config().integer("wkv.head_size");
        if (head <= 0 || gguf.width() % head != 0) {
            throw gguf.config().invalid("wkv.head_size", "a size that divides embedding_length (" + gguf.width() + ")");
        }
        return head;
    }

    @Override
    public void bind(ModelSpec spec, Binder binder) {
        bindAround(spec, binder);
        for (int i = 0; i < spec.blocks().size(); i++) {
            SequenceSpec block = (SequenceSpec) spec.blocks().get(i);
            Binder layer = GgufNames.block(binder, i);
            timeMix(layer.at("0.", "time_mix_"), (Rwkv6TimeMixSpec) ((ResidualSpec) block.layers().getFirst()).body(),
                    spec.width());
            Binder channel = layer.at("1.", "channel_mix_");
            channel.bind("mix_k", "lerp_k.weight").bind("mix_r", "lerp_r.weight");
            Rwkv4.bindMatrices(channel, "key", "value", "receptance");
        }
    }

    /// Embedding, norms and head.
    static void bindAround(ModelSpec spec, Binder binder) {
        GgufNames.ends(binder, spec);
        binder.bindLinear("embedding.norm", "token_embd_norm", true);
        for (int i = 0; i < spec.blocks().size(); i++) {
            GgufNames.block(binder, i).bindLinear("0.norm", "attn_norm", true).bindLinear("1.norm", "attn_norm_2", true);
        }
    }

    private static void timeMix(Binder time, Rwkv6TimeMixSpec spec, long width) {
        long rank = spec.mixRank();
        time.bind("mix_x", "lerp_x.weight");
        time.shaped("w2.weight", MIXES.length(), width, rank).shaped("lerp_fused.weight", MIXES.length(), 1, 1, width);
        for (int m = 0; m < MIXES.length(); m++) {
            String mix = "mix_" + MIXES.charAt(m);
            if (time.has("lerp_" + MIXES.charAt(m) + ".weight")) {
                time.bind(mix, "lerp_" + MIXES.charAt(m) + ".weight");
            } else {
                time.bindRows(mix, "lerp_fused.weight", m, m + 1L);
            }
            time.bindRows(mix + ".down.weight", "w1.weight", m * rank, (m + 1) * rank);
            time.bindRows(mix + ".up.weight", "w2.weight", m * width, (m + 1) * width);
        }
        time.bind("decay.down.weight", "decay_w1.weight").bind("decay.up.weight", "decay_w2.weight");
        time.bind("decay.bias", "decay.weight").bind("bonus", "first.weight");
        Rwkv4.bindMatrices(time, "key", "value", "receptance", "gate", "output");
        time.bindLinear("head_norm", "ln", true);
    }
}
