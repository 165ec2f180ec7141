package dev.heddle.checkpoint.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.Rwkv5TimeMixSpec;
import dev.heddle.core.spec.RwkvChannelMixSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.Collections;
import java.util.Optional;

/// RWKV-5 "Eagle" (Peng et al. 2024), in the author's form and that of the `RWKV/rwkv-5-world` repositories.
///
/// `version` 5.2 (the default) has a decay and a bonus for each key channel, 5.1 one for each head, 5.0 also no gate and
/// the bonus stored as its logarithm.
final class Rwkv5 implements Family {
    @Override
    public String name() {
        return "rwkv5";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public Optional<Config> infer(WeightSource weights) {
        if (!RwkvConfig.isOriginal(weights) || !weights.contains("blocks.0.att.ln_x.weight")
                || weights.contains("blocks.0.att.time_maa_x") || !weights.contains("blocks.0.att.time_decay")) {
            return Optional.empty();
        }
        boolean gated = weights.contains("blocks.0.att.gate.weight");
        int rank = weights.tensor("blocks.0.att.time_decay").rank();
        if (rank != 1 && rank != 2) {
            throw new CheckpointException(weights.describe() + ": tensor blocks.0.att.time_decay has rank " + rank
                    + ", expected 1 (a decay for each head) or 2 (for each key channel)");
        }
        long[] decay = RwkvConfig.shape(weights, "blocks.0.att.time_decay", rank);
        ObjectNode json = RwkvConfig.inferred(weights, name());
        long size = rank == 2 ? decay[1] : decay[0] == 0 ? 0 : json.get("dim_att").longValue() / decay[0];
        json.put("version", rank == 2 ? "5.2" : gated ? "5.1" : "5.0").put("head_size", size);
        return Optional.of(RwkvConfig.config(weights, json));
    }

    private static String version(Config config) {
        String version = config.string("version", "5.2");
        if (!version.equals("5.0") && !version.equals("5.1") && !version.equals("5.2")) {
            throw config.invalid("version", "5.0, 5.1 or 5.2");
        }
        return version;
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        int headSize = RwkvConfig.headSize(config);
        String version = version(config);
        LayerSpec block = SequenceSpec.of(
                ResidualSpec.of(RwkvConfig.norm(config), new Rwkv5TimeMixSpec(RwkvConfig.attention(config) / headSize, headSize,
                        !version.equals("5.0"), !version.equals("5.2"), RwkvConfig.headEpsilon(config))),
                ResidualSpec.of(RwkvConfig.norm(config), new RwkvChannelMixSpec(RwkvConfig.inner(config, 3.5), true,
                        RwkvChannelMixSpec.Stored.PRESENT)));
        return RwkvConfig.model(config, name(), name, Collections.nCopies(RwkvConfig.layers(config), block));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        RwkvNames names = RwkvNames.of(binder);
        boolean spelledOut = names == RwkvNames.TRANSFORMERS;
        boolean gated = !version(config).equals("5.0");
        names.bind(spec, binder, (_, time, channel) -> {
            time.bind("time_decay", "time_decay");
            Rwkv4.bindMixes(time, spelledOut, "k", "v", "r");
            Rwkv4.bindMatrices(time, "key", "value", "receptance", "output");
            if (gated) {
                time.bind("bonus", "time_faaaa");
                Rwkv4.bindMixes(time, spelledOut, "g");
                Rwkv4.bindMatrices(time, "gate");
            } else {
                time.bindTransformed("bonus", "time_first", Binding.Transform.EXP);
            }
            time.bindLinear("head_norm", "ln_x", true);
            Rwkv4.bindMixes(channel, spelledOut, "k", "r");
            Rwkv4.bindMatrices(channel, "key", "value", "receptance");
        });
    }
}
