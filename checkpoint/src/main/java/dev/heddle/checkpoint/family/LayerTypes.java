package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import java.util.List;

/// The field `layer_types` of models that mix linear with full attention.
final class LayerTypes {
    private LayerTypes() {
    }

    /// Whether each layer is full attention: by `layer_types`, or where that is absent every `full_attention_interval`-th.
    ///
    /// @param defaultInterval the interval where the configuration names none
    static boolean[] fullAttention(Config config, int defaultInterval) {
        boolean[] full = new boolean[config.integer("num_hidden_layers")];
        if (!config.has("layer_types")) {
            int interval = config.integer("full_attention_interval", defaultInterval);
            for (int i = 0; i < full.length; i++) {
                full[i] = (i + 1) % interval == 0;
            }
            return full;
        }
        List<String> types = config.strings("layer_types");
        if (types.size() != full.length) {
            throw config.invalid("layer_types", full.length + " entries, one for each layer");
        }
        for (int i = 0; i < full.length; i++) {
            full[i] = switch (types.get(i)) {
                case "full_attention", "attention" -> true;
                case "linear_attention" -> false;
                default -> throw config.invalid("layer_types", "entries linear_attention or full_attention, not "
                        + types.get(i));
            };
        }
        return full;
    }
}
