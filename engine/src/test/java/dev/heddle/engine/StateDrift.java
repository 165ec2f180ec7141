package dev.heddle.engine;

import dev.heddle.core.state.SequenceState;
import java.util.Arrays;
import java.util.List;

/// How far the predictions of one model with states stored rounded are from those of the same model with exact states, along
/// one text.
///
/// @param divergence Kullback-Leibler divergence Σ p ln(p/q) from the exact model's distribution p after each piece, in nats
/// @param difference largest difference of a logit after each piece, relative to the standard deviation of the exact ones
record StateDrift(double[] divergence, double[] difference) {
    /// Feeds both models the tokens in pieces of `piece`.
    static StateDrift measure(LanguageModel exact, LanguageModel rounded, int[] ids, int piece) {
        int count = ids.length / piece;
        double[] divergence = new double[count];
        double[] difference = new double[count];
        try (SequenceState one = exact.open(); SequenceState other = rounded.open()) {
            for (int i = 0; i < count; i++) {
                int[] part = Arrays.copyOfRange(ids, i * piece, (i + 1) * piece);
                float[] p = exact.lastLogits(List.of(one), List.of(part))[0];
                float[] q = rounded.lastLogits(List.of(other), List.of(part))[0];
                divergence[i] = divergence(p, q);
                difference[i] = difference(p, q);
            }
        }
        return new StateDrift(divergence, difference);
    }

    private static double divergence(float[] p, float[] q) {
        double pNormalizer = normalizer(p);
        double qNormalizer = normalizer(q);
        double sum = 0;
        for (int i = 0; i < p.length; i++) {
            double log = p[i] - pNormalizer;
            sum += Math.exp(log) * (log - (q[i] - qNormalizer));
        }
        return Math.max(0, sum);
    }

    private static double normalizer(float[] logits) {
        double most = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            most = Math.max(most, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - most);
        }
        return most + Math.log(sum);
    }

    private static double difference(float[] p, float[] q) {
        double mean = 0;
        for (float logit : p) {
            mean += logit / (double) p.length;
        }
        double squares = 0;
        double largest = 0;
        for (int i = 0; i < p.length; i++) {
            squares += (p[i] - mean) * (p[i] - mean) / p.length;
            largest = Math.max(largest, Math.abs(p[i] - (double) q[i]));
        }
        return largest / Math.sqrt(squares);
    }

    /// The mean divergence.
    double mean() {
        return Arrays.stream(divergence).average().orElseThrow();
    }

    /// The mean divergence over the last quarter.
    double end() {
        return Arrays.stream(divergence, divergence.length * 3 / 4, divergence.length).average().orElseThrow();
    }

    double largestDifference() {
        return Arrays.stream(difference).max().orElseThrow();
    }
}
