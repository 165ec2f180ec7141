package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import java.util.List;
import java.util.function.IntPredicate;

/// The field `layer_types` of transformers that mix sliding windows with full attention.
final class SlidingWindows {
    private SlidingWindows() {
    }

    /// Whether each layer slides: by `layer_types`, or where that is absent by an older rule.
    static boolean[] of(Config config, IntPredicate rule) {
        boolean[] sliding = new boolean[config.integer("num_hidden_layers")];
        List<String> types = config.strings("layer_types", List.of());
        if (config.has("layer_types") && types.size() != sliding.length) {
            throw config.invalid("layer_types", sliding.length + " entries, one for each layer");
        }
        for (int i = 0; i < sliding.length; i++) {
            sliding[i] = types.isEmpty() ? rule.test(i) : switch (types.get(i)) {
                case "sliding_attention" -> true;
                case "full_attention" -> false;
                default -> throw config.invalid("layer_types", "entries sliding_attention or full_attention, not "
                        + types.get(i));
            };
        }
        return sliding;
    }
}
