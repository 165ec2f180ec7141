package dev.heddle.train.run;

import dev.heddle.core.layer.Inventory;
import dev.heddle.core.model.Model;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.train.config.OptimizerConfig;
import dev.heddle.train.optimize.ParameterGroup;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// Which group a parameter belongs to: recurrent mixers, attention and the rest have rates of their own, and only
/// matrices decay. Decays, time steps, norms, biases and convolutions do not: pulling them to zero means something else
/// than a smaller weight.
final class Groups {
    private Groups() {
    }

    /// Groups by parameter name.
    static Function<String, Optional<ParameterGroup>> of(Model model, OptimizerConfig config) {
        Map<String, ParameterGroup> groups = new HashMap<>();
        model.inventory().parameters().forEach((name, owned) -> {
            double rate = switch (part(owned)) {
                case RECURRENT -> config.recurrentRate();
                case ATTENTION -> config.attentionRate();
                case OTHER -> config.rate();
            };
            boolean decays = decays(name, model.parameters().get(name));
            groups.put(name, new ParameterGroup(part(owned).name().toLowerCase(Locale.ROOT) + (decays ? "" : ".plain"),
                    rate, decays ? config.weightDecay() : 0));
        });
        return name -> Optional.ofNullable(groups.get(name));
    }

    private enum Part { RECURRENT, ATTENTION, OTHER }

    private static Part part(Inventory.Owned owned) {
        Optional<Inventory.Placed> layer = owned.layer();
        if (layer.isEmpty() || !layer.get().within(MixerSpec.class)) {
            return Part.OTHER;
        }
        return layer.get().within(AttentionSpec.class) ? Part.ATTENTION : Part.RECURRENT;
    }

    private static boolean decays(String name, Tensor parameter) {
        return parameter.rank() == 2 && parameter.rows() > 1 && parameter.columns() > 1 && name.endsWith(".weight")
                && !name.endsWith("conv.weight") && !name.contains("norm");
    }
}
