package dev.heddle.train.config;

import dev.heddle.core.spec.Default;
import dev.heddle.core.spec.SpecException;
import dev.heddle.train.recall.RecallTask;
import java.util.List;

/// A made-up task to train on instead of text.
public sealed interface TaskConfig {
    /// Multi-query associative recall, see [RecallTask]. A training mixes the numbers of pairs in equal parts.
    ///
    /// @param vocabulary tokens; 0 for the model's, at most the published [#VOCABULARY]
    /// @param pairs      numbers of pairs
    /// @param power      of the gaps; 1 for uniform ones
    /// @param noise      whether places without a query hold random tokens
    /// @param examples   different sequences to train on
    record Mqar(@Default("0") int vocabulary, @Default("[4, 8, 16]") List<Integer> pairs, @Default("0.01") double power,
            @Default("true") boolean noise, @Default("100000") long examples) implements TaskConfig {
        /// Tokens in "Zoology".
        public static final int VOCABULARY = 8192;

        public Mqar {
            pairs = List.copyOf(pairs);
            if (pairs.isEmpty() || pairs.stream().distinct().count() < pairs.size()) {
                throw new SpecException("task.pairs", "must be different numbers of pairs, not " + pairs);
            }
            if (examples < 1) {
                throw new SpecException("task.examples", "must be positive, not " + examples);
            }
        }

        /// Tokens of the task for a model.
        ///
        /// @param known tokens that the model knows
        public int vocabulary(int known) {
            return vocabulary == 0 ? Math.min(VOCABULARY, known) : vocabulary;
        }

        /// One task for each number of pairs.
        ///
        /// @param known tokens that the model knows
        public List<RecallTask> of(int length, int known) {
            return pairs.stream().map(count -> new RecallTask(vocabulary(known), length, count, power, noise)).toList();
        }
    }
}
