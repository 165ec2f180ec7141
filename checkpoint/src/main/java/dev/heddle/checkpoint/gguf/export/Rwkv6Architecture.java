package dev.heddle.checkpoint.gguf.export;

import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.Rwkv6TimeMixSpec;
import java.util.List;
import java.util.Set;

/// `rwkv6`. The halving of the stream every few layers is not written: it cancels in the final norm.
final class Rwkv6Architecture implements GgufArchitecture {
    private static final List<String> ORDER = List.of("w", "k", "v", "r", "g");

    @Override
    public Set<String> families() {
        return Set.of("rwkv6");
    }

    @Override
    public Export export(ModelSpec spec) {
        Draft draft = new Draft("rwkv6", spec);
        RwkvTensors.ends(draft, spec);
        for (int i = 0; i < spec.blocks().size(); i++) {
            List<LayerSpec> pair = Ends.pair(spec.blocks().get(i));
            RwkvTensors.norms(draft.block(i));
            if (!(Ends.body(pair.get(0), spec.finalNorm()) instanceof Rwkv6TimeMixSpec time)) {
                throw new Unsuitable("needs mixers that are RWKV-6's");
            }
            time(draft, draft.block(i).at("0.", ""), time, spec.width());
            RwkvTensors.channel(draft, draft.block(i).at("1.", ""), Ends.body(pair.get(1), spec.finalNorm()), true);
        }
        return draft.finish();
    }

    private static void time(Draft draft, Draft.Below layer, Rwkv6TimeMixSpec spec, int width) {
        RwkvTensors.requireHeadEpsilon(spec.epsilon());
        Unsuitable.unless(spec.keyDim() == spec.valueDim() && spec.heads() * spec.keyDim() == width,
                "heads that make up the model's width");
        draft.number("wkv.head_size", spec.keyDim());
        draft.number("time_mix_extra_dim", spec.mixRank());
        draft.number("time_decay_extra_dim", spec.decayRank());
        layer.copy("time_mix_lerp_x.weight", "mix_x");
        layer.write("time_mix_lerp_fused.weight", new long[] {5, 1, 1, width}, parts(""));
        layer.write("time_mix_w1.weight", new long[] {5L * spec.mixRank(), width}, parts(".down.weight"));
        layer.write("time_mix_w2.weight", new long[] {5, width, spec.mixRank()}, parts(".up.weight"));
        layer.copy("time_mix_first.weight", "bonus");
        layer.copy("time_mix_decay.weight", "decay.bias");
        layer.copy("time_mix_decay_w1.weight", "decay.down.weight").copy("time_mix_decay_w2.weight", "decay.up.weight");
        layer.copy("time_mix_gate.weight", "gate.weight");
        RwkvTensors.matrices(layer);
    }

    private static Part[] parts(String kind) {
        return ORDER.stream().map(m -> Part.of("mix_" + m + kind)).toArray(Part[]::new);
    }
}
