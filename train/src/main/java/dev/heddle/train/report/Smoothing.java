package dev.heddle.train.report;

/// A running mean for a curve that falls steeply first and slowly later:
///
/// s_i = mean of v_j over |i - j| ≤ h_i, with h_i = min(⌊i / 4⌋, ⌈n / 40⌉)
///
/// taken twice. The window grows with the step, so the first steep part keeps its shape; near the end it holds what there
/// is. Values that are not finite are left out.
final class Smoothing {
    private Smoothing() {
    }

    static double[] of(double[] values) {
        return mean(mean(values));
    }

    /// Steps to each side over which a value in the middle of `n` is averaged.
    static int reach(int n) {
        return (n + 39) / 40;
    }

    private static double[] mean(double[] values) {
        int n = values.length;
        double[] sums = new double[n + 1];
        int[] counts = new int[n + 1];
        for (int i = 0; i < n; i++) {
            boolean finite = Double.isFinite(values[i]);
            sums[i + 1] = sums[i] + (finite ? values[i] : 0);
            counts[i + 1] = counts[i] + (finite ? 1 : 0);
        }
        double[] means = new double[n];
        for (int i = 0; i < n; i++) {
            int reach = Math.min(i / 4, reach(n));
            int from = i - reach;
            int to = Math.min(n, i + reach + 1);
            int count = counts[to] - counts[from];
            means[i] = count == 0 ? Double.NaN : (sums[to] - sums[from]) / count;
        }
        return means;
    }
}
