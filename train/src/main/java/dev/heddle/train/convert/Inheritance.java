package dev.heddle.train.convert;

import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.MixerSpec;
import java.util.List;
import java.util.Map;

/// What a recurrent mixer takes over from the attention it replaces.
///
/// @param mixer the new mixer
/// @param parts for each inherited parameter of the mixer the attention's parameters it consists of, one below the other
record Inheritance(MixerSpec mixer, Map<String, List<Part>> parts) {
    /// Rows of an attention parameter.
    ///
    /// @param parameter name below the attention, `k.weight`
    /// @param heads     its heads
    /// @param repeat    how often each head is taken, so that grouped keys and values become one for each query head
    record Part(String parameter, int heads, int repeat) {
        /// A parameter as it is.
        static Part whole(String parameter) {
            return new Part(parameter, 1, 1);
        }

        /// A query parameter.
        static Part query(AttentionSpec attention, String parameter) {
            return new Part(parameter, attention.heads(), 1);
        }

        /// A key or value parameter, each head repeated for all query heads that share it.
        static Part shared(AttentionSpec attention, String parameter) {
            return new Part(parameter, attention.kvHeads(), attention.heads() / attention.kvHeads());
        }
    }
}
