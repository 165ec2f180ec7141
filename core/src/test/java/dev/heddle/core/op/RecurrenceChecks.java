package dev.heddle.core.op;

import static dev.heddle.core.op.OpCheck.T;
import static dev.heddle.core.op.OpCheck.of;
import static dev.heddle.core.op.OpCheck.parameter;
import static dev.heddle.core.op.OpCheck.rows;
import static dev.heddle.core.op.RowChecks.sigmoid;
import static dev.heddle.core.op.RowChecks.softplus;

import dev.heddle.core.op.DiagonalStateSpace.Parameters;
import dev.heddle.core.state.StateLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Recurrences whose channels do not meet, step by step.
final class RecurrenceChecks {
    /// Channels I and states N.
    private static final int I = 3;
    private static final int N = 2;

    private RecurrenceChecks() {
    }

    /// x, dt, dtBias, aLog [I, N], b, c, d.
    private static double[] selectiveScan(double[][] x) {
        double[] y = new double[T * I];
        double[] h = new double[I * N];
        OpCheck.sequences(() -> Arrays.fill(h, 0), (t, _) -> {
            for (int i = 0; i < I; i++) {
                double delta = softplus(x[1][t * I + i] + x[2][i]);
                double sum = x[6][i] * x[0][t * I + i];
                for (int n = 0; n < N; n++) {
                    double decay = Math.exp(-Math.exp(x[3][i * N + n]) * delta);
                    h[i * N + n] = decay * h[i * N + n] + delta * x[4][t * N + n] * x[0][t * I + i];
                    sum += x[5][t * N + n] * h[i * N + n];
                }
                y[t * I + i] = sum;
            }
        });
        return y;
    }

    /// Two heads of one group, I channels and N states each: x, dt, dtBias, aLog, b, c, d.
    private static double[] stateSpaceDual(double[][] x) {
        double[] y = new double[T * 2 * I];
        double[] s = new double[2 * I * N];
        OpCheck.sequences(() -> Arrays.fill(s, 0), (t, _) -> {
            for (int i = 0; i < 2 * I; i++) {
                int head = i / I;
                double delta = softplus(x[1][t * 2 + head] + x[2][head]);
                double sum = x[6][head] * x[0][t * 2 * I + i];
                for (int n = 0; n < N; n++) {
                    s[i * N + n] = Math.exp(-Math.exp(x[3][head]) * delta) * s[i * N + n] + delta * x[4][t * N + n] * x[0][t * 2 * I + i];
                    sum += x[5][t * N + n] * s[i * N + n];
                }
                y[t * 2 * I + i] = sum;
            }
        });
        return y;
    }

    /// x, recurrence gate, input gate, λ.
    private static double[] rgLru(double[][] x) {
        double[] y = new double[T * I];
        double[] h = new double[I];
        OpCheck.sequences(() -> Arrays.fill(h, 0), (t, position) -> {
            for (int i = 0; i < I; i++) {
                int at = t * I + i;
                double a = position == 0 ? 0 : Math.exp(-8 * sigmoid(x[1][at]) * softplus(x[3][i]));
                h[i] = a * h[i] + Math.sqrt(1 - a * a) * sigmoid(x[2][at]) * x[0][at];
                y[at] = h[i];
            }
        });
        return y;
    }

    /// k, v, time decay, bonus; sums of numbers small enough to need no exponent.
    private static double[] wkv(double[][] x) {
        double[] y = new double[T * I];
        double[] over = new double[I];
        double[] under = new double[I];
        OpCheck.sequences(() -> {
            Arrays.fill(over, 0);
            Arrays.fill(under, 0);
        }, (t, _) -> {
            for (int i = 0; i < I; i++) {
                int at = t * I + i;
                double now = Math.exp(x[3][i] + x[0][at]);
                y[at] = (over[i] + now * x[1][at]) / (under[i] + now);
                double decay = Math.exp(-Math.exp(x[2][i]));
                over[i] = decay * over[i] + Math.exp(x[0][at]) * x[1][at];
                under[i] = decay * under[i] + Math.exp(x[0][at]);
            }
        });
        return y;
    }

    /// x, dtLog, aLog, c, d, and for complex states aImag and c's imaginary part.
    private static double[] diagonal(double[][] x, boolean complex) {
        double[] y = new double[T * I];
        double[] re = new double[I * N];
        double[] im = new double[I * N];
        OpCheck.sequences(() -> {
            Arrays.fill(re, 0);
            Arrays.fill(im, 0);
        }, (t, _) -> {
            for (int i = 0; i < I; i++) {
                double step = Math.exp(x[1][i]);
                double in = x[0][t * I + i];
                double sum = 0;
                for (int n = i * N; n < (i + 1) * N; n++) {
                    double rate = -Math.exp(x[2][n]);
                    double turn = complex ? x[5][n] : 0;
                    double size = Math.exp(step * rate);
                    double decayRe = size * Math.cos(step * turn);
                    double decayIm = size * Math.sin(step * turn);
                    // (ā − 1)/a
                    double square = rate * rate + turn * turn;
                    double inputRe = ((decayRe - 1) * rate + decayIm * turn) / square;
                    double inputIm = (decayIm * rate - (decayRe - 1) * turn) / square;
                    double old = re[n];
                    re[n] = decayRe * old - decayIm * im[n] + inputRe * in;
                    im[n] = decayRe * im[n] + decayIm * old + inputIm * in;
                    sum += x[3][n] * re[n] - (complex ? x[6][n] * im[n] : 0);
                }
                y[t * I + i] = (complex ? 2 : 1) * sum + x[4][i] * in;
            }
        });
        return y;
    }

    private static OpCheck diagonal(boolean complex) {
        dev.heddle.core.kernel.DiagonalStateSpace.Shape shape = new dev.heddle.core.kernel.DiagonalStateSpace.Shape(N, complex);
        List<OpCheck.Input> inputs = new ArrayList<>(List.of(rows(I), parameter(1, I, -3, 0), parameter(I, N), parameter(I, N), parameter(1, I)));
        if (complex) {
            inputs.addAll(List.of(parameter(I, N, 0.5, 3), parameter(I, N)));
        }
        return of("DiagonalStateSpace", complex ? "complex states" : "real states", new int[] {shape.stateElements(I)}, inputs,
                x -> diagonal(x, complex), (pass, x) -> DiagonalStateSpace.apply(pass, shape, x[0], new Parameters(x[1], x[2],
                        complex ? Optional.of(x[5]) : Optional.empty(), x[3], complex ? Optional.of(x[6]) : Optional.empty(), x[4]), 0));
    }

    static List<OpCheck> all() {
        StateLayout wkv = new StateLayout();
        int sums = wkv.addRecurrent("sums", 2 * I, 0);
        int exponent = wkv.addRecurrent("exponent", I, -1e38f);
        dev.heddle.core.kernel.StateSpaceDual.Shape dual = new dev.heddle.core.kernel.StateSpaceDual.Shape(2, I, 1, N, 64, 0,
                Float.POSITIVE_INFINITY);
        return List.of(
                of("SelectiveScan", "", new int[] {I * N}, List.of(rows(I), rows(I, -4, 1), parameter(1, I), parameter(I, N), rows(N), rows(N), parameter(1, I)),
                        RecurrenceChecks::selectiveScan, (pass, x) -> SelectiveScan.apply(pass, x[0], x[1], Optional.of(x[2]), x[3], x[4], x[5], Optional.of(x[6]), 0)),
                of("StateSpaceDual", "", new int[] {2 * I * N}, List.of(rows(2 * I), rows(2, -4, 1), parameter(1, 2), parameter(1, 2), rows(N), rows(N), parameter(1, 2)),
                        RecurrenceChecks::stateSpaceDual, (pass, x) -> StateSpaceDual.apply(pass, dual, x[0], x[1], Optional.of(x[2]), x[3], x[4], x[5], Optional.of(x[6]), 0)),
                of("RgLru", "", new int[] {I}, List.of(rows(I), rows(I, -4, 1), rows(I, -2, 2), parameter(1, I, -5, -1)),
                        RecurrenceChecks::rgLru, (pass, x) -> RgLru.apply(pass, x[0], x[1], x[2], x[3], 0)),
                new OpCheck("Wkv", "", wkv, List.of(rows(I, -2, 2), rows(I), parameter(1, I, -3, 0), parameter(1, I)), RecurrenceChecks::wkv,
                        (pass, x) -> Wkv.apply(pass, x[0], x[1], x[2], x[3], sums, exponent)),
                diagonal(false), diagonal(true));
    }
}
