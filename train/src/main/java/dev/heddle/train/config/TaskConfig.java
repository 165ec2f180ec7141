package dev.heddle.train.config;

import dev.heddle.core.spec.Default;
import dev.heddle.core.spec.SpecException;
import dev.heddle.train.recall.RecallTask;
import java.util.List;

/// A made-up task to train on instead of text.
public sealed interface TaskConfig {
    /// Multi-query associative recall, see [RecallTask]. A training mixes the numbers of pairs in equal parts.
    ///
    /// @param vocabulary tokens
    /// @param pairs      numbers of pairs
    /// @param power      of the gaps; 1 for uniform ones
    /// @param noise      whether places without a query hold random tokens
    /// @param examples   different sequences to train on
    record Mqar(@Default("8192") int vocabulary, @Default("[4, 8, 16]") List<Integer> pairs, @Default("0.01") double power,
            @Default("true") boolean noise, @Default("100000") long examples) implements TaskConfig {
        public Mqar {
            pairs = List.copyOf(pairs);
            if (pairs.isEmpty() || pairs.stream().distinct().count() < pairs.size()) {
                throw new SpecException("task.pairs", "must be different numbers of pairs, not " + pairs);
            }
            if (examples < 1) {
                throw new SpecException("task.examples", "must be positive, not " + examples);
            }
        }

        /// One task for each number of pairs.
        public List<RecallTask> of(int length) {
            return pairs.stream().map(count -> new RecallTask(vocabulary, length, count, power, noise)).toList();
        }
    }
}
