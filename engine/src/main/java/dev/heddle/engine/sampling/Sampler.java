package dev.heddle.engine.sampling;

import java.util.Arrays;
import java.util.SplittableRandom;

/// Chooses tokens from logits. The same seed and logits give the same tokens.
public final class Sampler {
    private final SamplingOptions options;
    private final SplittableRandom random;
    private int[] candidates = new int[0];
    private double[] weights = new double[0];

    public Sampler(SamplingOptions options, long seed) {
        this.options = options;
        random = new SplittableRandom(seed);
    }

    /// The next token.
    ///
    /// @param logits one for each token; penalties are applied in place
    /// @param recent tokens so far, oldest first
    /// @throws IllegalStateException if a logit is NaN or infinite
    public int next(float[] logits, int[] recent) {
        if (options.penalises()) {
            penalise(logits, recent);
        }
        return choose(logits);
    }

    /// The next token by its logit alone, penalties aside.
    ///
    /// @throws IllegalStateException if a logit is NaN or infinite, or all are −∞
    public int choose(float[] logits) {
        int best = best(logits);
        if (logits[best] == Float.NEGATIVE_INFINITY) {
            throw new IllegalStateException("no token may come next: all logits are -Infinity");
        }
        if (options.isGreedy()) {
            return best;
        }
        int kept = candidates(logits);
        kept = minP(topP(logits, kept));
        return draw(logits, kept);
    }

    /// The most likely token, the lowest id among equals.
    public static int best(float[] logits) {
        int best = 0;
        for (int i = 0; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
            if (Float.isNaN(logits[i]) || logits[i] == Float.POSITIVE_INFINITY) {
                throw new IllegalStateException("the model computed " + logits[i] + " for token " + i);
            }
        }
        return best;
    }

    private void penalise(float[] logits, int[] recent) {
        int count = options.repeatLastN() < 0 ? recent.length : Math.min(recent.length, options.repeatLastN());
        int[] last = Arrays.copyOfRange(recent, recent.length - count, recent.length);
        Arrays.sort(last);
        for (int i = 0; i < last.length;) {
            int id = last[i];
            int from = i;
            while (i < last.length && last[i] == id) {
                i++;
            }
            penalise(options, logits, id, i - from);
        }
    }

    /// Lowers the logit of a token that has come `count` times; ids beyond the vocabulary have none.
    static void penalise(SamplingOptions options, float[] logits, int id, int count) {
        if (id < logits.length) {
            double logit = logits[id];
            logit = logit > 0 ? logit / options.repeatPenalty() : logit * options.repeatPenalty();
            logits[id] = (float) (logit - options.presencePenalty() - options.frequencyPenalty() * count);
        }
    }

    /// Puts the candidates of top-k, most likely first, into `candidates`.
    private int candidates(float[] logits) {
        int k = options.topK() == 0 ? logits.length : Math.min(options.topK(), logits.length);
        if (candidates.length < logits.length) {
            candidates = new int[logits.length];
            weights = new double[logits.length];
        }
        // sorts by descending logit, then ascending id, packed into longs
        long[] keys = new long[logits.length];
        int count = 0;
        float bar = k < logits.length ? threshold(logits, k) : Float.NEGATIVE_INFINITY;
        for (int i = 0; i < logits.length; i++) {
            if (logits[i] >= bar && logits[i] > Float.NEGATIVE_INFINITY) {
                int bits = Float.floatToIntBits(logits[i] + 0f);
                int ordered = bits >= 0 ? bits : bits ^ 0x7fffffff;
                keys[count++] = ((long) ~ordered << 32) | i;
            }
        }
        Arrays.sort(keys, 0, count);
        for (int i = 0; i < Math.min(k, count); i++) {
            candidates[i] = (int) keys[i];
        }
        return Math.min(k, count);
    }

    /// The k-th largest logit, by a heap of k numbers.
    private static float threshold(float[] logits, int k) {
        float[] heap = Arrays.copyOf(logits, k);
        Arrays.sort(heap);
        for (int i = k; i < logits.length; i++) {
            if (logits[i] > heap[0]) {
                heap[0] = logits[i];
                sift(heap);
            }
        }
        return heap[0];
    }

    private static void sift(float[] heap) {
        int at = 0;
        while (true) {
            int smallest = at;
            for (int child = 2 * at + 1; child <= 2 * at + 2 && child < heap.length; child++) {
                if (heap[child] < heap[smallest]) {
                    smallest = child;
                }
            }
            if (smallest == at) {
                return;
            }
            float swap = heap[at];
            heap[at] = heap[smallest];
            heap[smallest] = swap;
            at = smallest;
        }
    }

    /// Fills `weights` with probabilities and returns how many candidates reach top-p.
    private int topP(float[] logits, int kept) {
        double max = logits[candidates[0]];
        double sum = 0;
        for (int i = 0; i < kept; i++) {
            weights[i] = Math.exp(logits[candidates[i]] - max);
            sum += weights[i];
        }
        if (options.topP() == 1) {
            return kept;
        }
        double reached = 0;
        for (int i = 0; i < kept; i++) {
            reached += weights[i] / sum;
            if (reached >= options.topP()) {
                return i + 1;
            }
        }
        return kept;
    }

    private int minP(int kept) {
        int n = kept;
        while (n > 1 && weights[n - 1] < options.minP() * weights[0]) {
            n--;
        }
        return n;
    }

    private int draw(float[] logits, int kept) {
        double max = logits[candidates[0]];
        double sum = 0;
        for (int i = 0; i < kept; i++) {
            weights[i] = Math.exp((logits[candidates[i]] - max) / options.temperature());
            sum += weights[i];
        }
        double at = random.nextDouble() * sum;
        for (int i = 0; i < kept; i++) {
            at -= weights[i];
            if (at < 0) {
                return candidates[i];
            }
        }
        return candidates[kept - 1];
    }
}
