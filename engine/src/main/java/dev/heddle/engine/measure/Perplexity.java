package dev.heddle.engine.measure;

import dev.heddle.core.state.SequenceState;
import dev.heddle.engine.LanguageModel;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// How well a model predicts a text, and how far its predictions are from those of another model.
///
/// The text is cut into windows of `window` tokens, each read from an empty state; what remains at the end is left out. The
/// predictions of the second half of each window count, so that each has at least half a window before it. Where the
/// tokenizer begins texts with a token of its own, every window's first token is replaced by it. This is what
/// llama.cpp's `llama-perplexity` measures.
///
/// - perplexity exp(m), m the mean of −ln p(next token); its error is exp(m) times the error of m
/// - the Kullback-Leibler divergence Σ p ln(p/q) of the model's distribution q from the base model's p, in nats
/// - how often both models' most probable tokens are the same
public final class Perplexity {
    /// Rows whose logits are computed at a time.
    private static final int ROWS = 64;

    private final int window;

    /// What was measured; the numbers about a base model are zero if there is none.
    ///
    /// @param predictions     tokens predicted
    /// @param windows         windows they lie in
    /// @param mean            m, in nats
    /// @param error           standard error of m
    /// @param divergence      mean divergence from the base model
    /// @param divergenceError its standard error
    /// @param agreement       share of predictions whose most probable token is the base model's
    /// @param baseMean        m of the base model
    public record Result(int predictions, int windows, double mean, double error, double divergence, double divergenceError,
            double agreement, double baseMean) {
        public double perplexity() {
            return Math.exp(mean);
        }

        public double perplexityError() {
            return perplexity() * error;
        }
    }

    /// Hears about every finished window.
    @FunctionalInterface
    public interface Listener {
        void finished(int windows, int of, Result soFar);
    }

    /// @param window tokens of a window, at least 4
    public Perplexity(int window) {
        if (window < 4) {
            throw new IllegalArgumentException("a window of " + window + " tokens, expected at least 4");
        }
        this.window = window;
    }

    /// Whole windows in so many tokens.
    public int windows(int tokens) {
        return tokens / window;
    }

    /// Measures a model on tokens.
    ///
    /// @param tokens at least one window
    /// @param begin  what replaces the first token of each window
    /// @param base   the model to compare with, of the same vocabulary
    public Result measure(LanguageModel model, Optional<LanguageModel> base, int[] tokens, Optional<Integer> begin,
            Listener listener) {
        int windows = windows(tokens.length);
        if (windows == 0) {
            throw new IllegalArgumentException(tokens.length + " tokens are less than one window of " + window);
        }
        Sums sums = new Sums(model.spec().vocabulary());
        for (int w = 0; w < windows; w++) {
            int[] ids = Arrays.copyOfRange(tokens, w * window, (w + 1) * window);
            begin.ifPresent(id -> ids[0] = id);
            measure(model, base, ids, sums);
            listener.finished(w + 1, windows, sums.result(w + 1));
        }
        return sums.result(windows);
    }

    private void measure(LanguageModel model, Optional<LanguageModel> base, int[] ids, Sums sums) {
        int first = window / 2;
        try (SequenceState state = model.open(); Reference reference = new Reference(base)) {
            model.feed(List.of(state), List.of(Arrays.copyOf(ids, first)));
            reference.feed(Arrays.copyOf(ids, first));
            for (int from = first; from < window - 1; from += ROWS) {
                int to = Math.min(window - 1, from + ROWS);
                int[] piece = Arrays.copyOfRange(ids, from, to);
                float[] logits = model.allLogits(List.of(state), List.of(piece));
                float[] other = reference.logits(piece);
                for (int i = 0; i < piece.length; i++) {
                    sums.add(logits, other, i, ids[from + i + 1]);
                }
            }
        }
    }

    /// The base model's side of a window.
    private record Reference(Optional<LanguageModel> model, Optional<SequenceState> state) implements AutoCloseable {
        private static final float[] NONE = {};

        Reference(Optional<LanguageModel> model) {
            this(model, model.map(LanguageModel::open));
        }

        void feed(int[] ids) {
            model.ifPresent(one -> one.feed(List.of(state.orElseThrow()), List.of(ids)));
        }

        float[] logits(int[] ids) {
            return model.map(one -> one.allLogits(List.of(state.orElseThrow()), List.of(ids))).orElse(NONE);
        }

        @Override
        public void close() {
            state.ifPresent(SequenceState::close);
        }
    }

    private static final class Sums {
        private final int vocabulary;
        private int count;
        private double loss;
        private double squares;
        private double divergence;
        private double divergenceSquares;
        private double baseLoss;
        private int agreed;

        Sums(int vocabulary) {
            this.vocabulary = vocabulary;
        }

        /// @param other logits of the base model; empty for none
        void add(float[] logits, float[] other, int row, int next) {
            int at = row * vocabulary;
            double normalizer = normalizer(logits, at);
            double nats = normalizer - logits[at + next];
            count++;
            loss += nats;
            squares += nats * nats;
            if (other.length > 0) {
                double otherNormalizer = normalizer(other, at);
                double d = 0;
                for (int i = at; i < at + vocabulary; i++) {
                    double p = other[i] - otherNormalizer;
                    d += Math.exp(p) * (p - (logits[i] - normalizer));
                }
                divergence += d;
                divergenceSquares += d * d;
                baseLoss += otherNormalizer - other[at + next];
                agreed += best(logits, at) == best(other, at) ? 1 : 0;
            }
        }

        /// ln Σ exp(logits).
        private double normalizer(float[] logits, int at) {
            float most = logits[at + best(logits, at)];
            double sum = 0;
            for (int i = at; i < at + vocabulary; i++) {
                sum += Math.exp(logits[i] - most);
            }
            return most + Math.log(sum);
        }

        private int best(float[] logits, int at) {
            int best = 0;
            for (int i = 1; i < vocabulary; i++) {
                best = logits[at + i] > logits[at + best] ? i : best;
            }
            return best;
        }

        Result result(int windows) {
            double mean = loss / count;
            double mean2 = divergence / count;
            return new Result(count, windows, mean, error(squares, mean), mean2, error(divergenceSquares, mean2),
                    (double) agreed / count, baseLoss / count);
        }

        private double error(double sumOfSquares, double mean) {
            return count < 2 ? 0 : Math.sqrt(Math.max(0, sumOfSquares / count - mean * mean) / (count - 1));
        }
    }
}
