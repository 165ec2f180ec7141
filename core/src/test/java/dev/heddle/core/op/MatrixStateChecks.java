package dev.heddle.core.op;

import static dev.heddle.core.op.OpCheck.T;
import static dev.heddle.core.op.OpCheck.of;
import static dev.heddle.core.op.OpCheck.parameter;
import static dev.heddle.core.op.OpCheck.rows;

import java.util.Arrays;
import java.util.List;

/// Recurrences whose heads keep a matrix of K key rows and V value columns, step by step; two heads.
final class MatrixStateChecks {
    private static final int H = 2;
    private static final int K = 3;
    private static final int V = 2;

    private MatrixStateChecks() {
    }

    /// One row of one head.
    private interface Head {
        /// @param s [K, V]
        /// @param y [V]
        void step(double[] s, double[] y, int t, int h, int position);
    }

    private static double[] heads(Head head) {
        double[] out = new double[T * H * V];
        double[][] states = new double[H][K * V];
        OpCheck.sequences(() -> Arrays.stream(states).forEach(s -> Arrays.fill(s, 0)), (t, position) -> {
            for (int h = 0; h < H; h++) {
                double[] y = new double[V];
                head.step(states[h], y, t, h, position);
                System.arraycopy(y, 0, out, (t * H + h) * V, V);
            }
        });
        return out;
    }

    /// y[j] += factor·Σ_i q[i]·S[i,j].
    private static void read(double[] y, double[] s, double[] q, int at, double factor) {
        for (int e = 0; e < K * V; e++) {
            y[e % V] += factor * q[at + e / V] * s[e];
        }
    }

    /// r, k, v, log decay, bonus, of which the last two may be shared by rows and by channels.
    private static double[] matrixWkv(double[][] x) {
        return heads((s, y, t, h, _) -> {
            int at = (t * H + h) * K;
            for (int e = 0; e < K * V; e++) {
                double kv = x[1][at + e / V] * x[2][(t * H + h) * V + e % V];
                double u = x[4].length == H ? x[4][h] : x[4][h * K + e / V];
                double g = x[3].length == T * H * K ? x[3][at + e / V] : x[3].length == H ? x[3][h] : x[3][h * K + e / V];
                y[e % V] += x[0][at + e / V] * (s[e] + u * kv);
                s[e] = Math.exp(g) * s[e] + kv;
            }
        });
    }

    /// r, log decay, k, v, removal key, rate.
    private static double[] deltaWkv(double[][] x) {
        return heads((s, y, t, h, _) -> {
            int at = (t * H + h) * K;
            double[] held = new double[V];
            read(held, s, x[4], at, 1);
            for (int e = 0; e < K * V; e++) {
                int i = at + e / V;
                s[e] = Math.exp(x[1][i]) * s[e] - x[5][i] * x[4][i] * held[e % V] + x[2][i] * x[3][(t * H + h) * V + e % V];
            }
            read(y, s, x[0], at, 1);
        });
    }

    /// x, r, k, v, bonus.
    private static double[] bonus(double[][] x) {
        double[] y = x[0].clone();
        for (int e = 0; e < y.length; e++) {
            int head = e / V % H;
            for (int i = 0; i < K; i++) {
                y[e] += x[3][e] * x[1][e / V * K + i] * x[2][e / V * K + i] * x[4][head * K + i];
            }
        }
        return y;
    }

    /// q, k, v, log decay [T, H] or [T, H·K], rate; one key head for both heads.
    private static double[] gatedDelta(double[][] x) {
        return heads((s, y, t, h, _) -> {
            int key = t * K;
            for (int e = 0; e < K * V; e++) {
                s[e] *= Math.exp(x[3].length == T * H ? x[3][t * H + h] : x[3][(t * H + h) * K + e / V]);
            }
            double[] held = new double[V];
            read(held, s, x[1], key, 1);
            for (int e = 0; e < K * V; e++) {
                s[e] += x[4][t * H + h] * x[1][key + e / V] * (x[2][(t * H + h) * V + e % V] - held[e % V]);
            }
            read(y, s, x[0], key, 1);
        });
    }

    /// q, k, v.
    private static double[] retention(double[][] x, double[] logDecay) {
        return heads((s, y, t, h, position) -> {
            double gamma = Math.exp(logDecay[h]);
            double past = 0;
            for (int age = 0; age <= position; age++) {
                past += Math.pow(gamma, age);
            }
            for (int e = 0; e < K * V; e++) {
                s[e] = gamma * s[e] + x[1][(t * H + h) * K + e / V] * x[2][(t * H + h) * V + e % V];
            }
            read(y, s, x[0], (t * H + h) * K, 1 / Math.sqrt(past));
        });
    }

    /// q, k, v; every output from the sequence's rows so far.
    private static double[] linearAttention(double[][] x, boolean normalised) {
        return heads((_, y, t, h, position) -> {
            double divisor = normalised ? 1e-2f : 1;
            for (int from = t - position; from <= t; from++) {
                double score = 0;
                for (int i = 0; i < K; i++) {
                    score += x[0][(t * H + h) * K + i] * x[1][(from * H + h) * K + i];
                }
                divisor += normalised ? score : 0;
                for (int j = 0; j < V; j++) {
                    y[j] += score * x[2][(from * H + h) * V + j];
                }
            }
            for (int j = 0; j < V; j++) {
                y[j] /= divisor;
            }
        });
    }

    private static OpCheck matrixWkv(String variant, OpCheck.Input logDecay, OpCheck.Input bonus) {
        return of("MatrixWkv", variant, new int[] {H * K * V}, List.of(rows(H * K), rows(H * K), rows(H * V), logDecay, bonus),
                MatrixStateChecks::matrixWkv, (pass, x) -> MatrixWkv.apply(pass, new dev.heddle.core.kernel.MatrixWkv.Shape(H, K, V),
                        x[0], x[1], x[2], x[3], x[4], 0));
    }

    private static OpCheck gatedDelta(String variant, int decays) {
        return of("GatedDeltaRule", variant, new int[] {H * K * V},
                List.of(rows(K), rows(K, -0.5, 0.5), rows(H * V), rows(decays, -2, -0.01), rows(H, 0, 1)), MatrixStateChecks::gatedDelta,
                (pass, x) -> GatedDeltaRule.apply(pass, new dev.heddle.core.kernel.GatedDeltaRule.Shape(1, H, K, V),
                        new dev.heddle.core.kernel.GatedDeltaRule.Inputs(x[0], x[1], x[2], x[3], x[4]), 0));
    }

    private static OpCheck linearAttention(boolean normalised) {
        return of("LinearAttention", normalised ? "normalised" : "not normalised", new int[] {H * K * (V + 1)},
                List.of(rows(H * K, 0.1, 1), rows(H * K, 0.1, 1), rows(H * V)), x -> linearAttention(x, normalised),
                (pass, x) -> LinearAttention.apply(pass, new dev.heddle.core.kernel.LinearAttention.Shape(H, K, V, normalised, 1e-2f),
                        x[0], x[1], x[2], 0));
    }

    static List<OpCheck> all() {
        double[] logDecay = {-0.5, -0.01};
        dev.heddle.core.kernel.DeltaWkv.Shape delta = new dev.heddle.core.kernel.DeltaWkv.Shape(H, K, V);
        return List.of(
                matrixWkv("decays of rows", rows(H * K, -3, -0.01), parameter(1, H * K)),
                matrixWkv("decays of channels", parameter(1, H * K, -3, -0.01), parameter(1, H * K)),
                matrixWkv("decays of heads", parameter(1, H, -3, -0.01), parameter(1, H)),
                of("DeltaWkv", "", new int[] {H * K * V}, List.of(rows(H * K), rows(H * K, -3, -0.01), rows(H * K), rows(H * V),
                        rows(H * K, -0.5, 0.5), rows(H * K, 0, 1)), MatrixStateChecks::deltaWkv, (pass, x) -> DeltaWkv.apply(pass, delta,
                        new dev.heddle.core.kernel.DeltaWkv.Inputs(x[0], x[1], x[2], x[3], x[4], x[5]), 0)),
                of("DeltaWkv", "bonus", List.of(rows(H * V), rows(H * K), rows(H * K), rows(H * V), parameter(1, H * K)),
                        MatrixStateChecks::bonus, (pass, x) -> DeltaWkv.bonus(pass, delta, x[0], x[1], x[2], x[3], x[4])),
                gatedDelta("decays of heads", H), gatedDelta("decays of channels", H * K),
                of("Retention", "", new int[] {H * K * V}, List.of(rows(H * K), rows(H * K), rows(H * V)), x -> retention(x, logDecay),
                        (pass, x) -> Retention.apply(pass, new dev.heddle.core.kernel.Retention.Shape(H, K, V, logDecay, true), x[0], x[1], x[2], 0)),
                linearAttention(true), linearAttention(false));
    }
}
