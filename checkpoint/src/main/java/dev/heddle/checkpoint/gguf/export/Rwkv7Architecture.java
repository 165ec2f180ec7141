package dev.heddle.checkpoint.gguf.export;

import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.Rwkv7TimeMixSpec;
import java.util.List;
import java.util.Set;

/// `rwkv7`. The first layer's blend of values, which nothing uses, must be there all the same; the maps of the learning rate
/// stand in for it.
final class Rwkv7Architecture implements GgufArchitecture {
    private static final int HEAD = 64;
    private static final List<String> ORDER = List.of("r", "w", "k", "v", "a", "g");

    @Override
    public Set<String> families() {
        return Set.of("rwkv7");
    }

    @Override
    public Export export(ModelSpec spec) {
        Draft draft = new Draft("rwkv7", spec);
        Unsuitable.unless(spec.blocks().size() > 1, "two blocks or more");
        RwkvTensors.ends(draft, spec);
        for (int i = 0; i < spec.blocks().size(); i++) {
            List<LayerSpec> pair = Ends.pair(spec.blocks().get(i));
            RwkvTensors.norms(draft.block(i));
            if (!(Ends.body(pair.get(0), spec.finalNorm()) instanceof Rwkv7TimeMixSpec time) || time.first() != (i == 0)) {
                throw new Unsuitable("needs mixers that are RWKV-7's");
            }
            time(draft, draft.block(i).at("0.", ""), time, spec.width());
            RwkvTensors.channel(draft, draft.block(i).at("1.", ""), Ends.body(pair.get(1), spec.finalNorm()), false);
        }
        return draft.finish();
    }

    private static void time(Draft draft, Draft.Below layer, Rwkv7TimeMixSpec spec, int width) {
        RwkvTensors.requireHeadEpsilon(spec.epsilon());
        // llama.cpp's kernels read heads of other sizes past their ends
        Unsuitable.unless(spec.inner() == width && spec.headDim() == HEAD, "heads of " + HEAD + " that make up the model's width");
        draft.number("wkv.head_size", spec.headDim());
        draft.number("attention.decay_lora_rank", spec.decayRank());
        draft.number("attention.iclr_lora_rank", spec.rateRank());
        if (!spec.first()) {
            draft.number("attention.value_residual_mix_lora_rank", spec.valueRank());
        }
        draft.number("attention.gate_lora_rank", spec.gateRank());
        layer.write("time_mix_lerp_fused.weight", new long[] {6, 1, 1, width},
                ORDER.stream().map(m -> Part.of("mix_" + m)).toList());
        lowRank(layer, "w", "decay");
        lowRank(layer, "a", "rate");
        lowRank(layer, "v", spec.first() ? "rate" : "value_mix");
        layer.copy("time_mix_g1.weight", "gate.down.weight").copy("time_mix_g2.weight", "gate.up.weight");
        layer.copy("time_mix_k_k.weight", "removal").copy("time_mix_k_a.weight", "key_rate");
        layer.write("time_mix_r_k.weight", new long[] {width}, Part.of("bonus"));
        RwkvTensors.matrices(layer);
    }

    private static void lowRank(Draft.Below layer, String letter, String parameter) {
        layer.copy("time_mix_" + letter + "0.weight", parameter + ".bias");
        layer.copy("time_mix_" + letter + "1.weight", parameter + ".down.weight");
        layer.copy("time_mix_" + letter + "2.weight", parameter + ".up.weight");
    }
}
