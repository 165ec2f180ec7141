package dev.heddle.core.op;

import static dev.heddle.core.op.OpCheck.T;
import static dev.heddle.core.op.OpCheck.of;
import static dev.heddle.core.op.OpCheck.parameter;
import static dev.heddle.core.op.OpCheck.rows;

import dev.heddle.core.kernel.FeatureMaps.Patches;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/// Ops on rows that know no sequences: arithmetic, products, arrangements, losses.
final class RowChecks {
    private static final int D = 5;

    private RowChecks() {
    }

    static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    static double softplus(double x) {
        return Math.log1p(Math.exp(x));
    }

    static double activation(Activation activation, double x) {
        return switch (activation) {
            case IDENTITY -> x;
            case SILU -> x * sigmoid(x);
            case GELU -> x * normal(x);
            case GELU_TANH -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
            case RELU -> Math.max(x, 0);
            case RELU_SQUARED -> Math.max(x, 0) * Math.max(x, 0);
            case SIGMOID -> sigmoid(x);
            case TANH -> Math.tanh(x);
            case SOFTPLUS -> softplus(x);
            case ELU_PLUS_ONE -> x > 0 ? x + 1 : Math.exp(x);
        };
    }

    /// Φ(x) by its series, which converges everywhere.
    private static double normal(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; n < 60; n++) {
            term *= -x * x / (2 * n);
            sum += term / (2 * n + 1);
        }
        return 0.5 + sum / Math.sqrt(2 * Math.PI);
    }

    private static double[] map(double[] x, DoubleUnaryOperator f) {
        return Arrays.stream(x).map(f).toArray();
    }

    /// f(a, b), b repeating.
    private static double[] map(double[] a, double[] b, DoubleBinaryOperator f) {
        return IntStream.range(0, a.length).mapToDouble(i -> f.applyAsDouble(a[i], b[i % b.length])).toArray();
    }

    /// y[t,o] = Σ_i x[t,i]·w[o,i].
    static double[] product(double[] x, double[] w, int inner) {
        int outer = w.length / inner;
        double[] y = new double[x.length / inner * outer];
        for (int i = 0; i < y.length; i++) {
            for (int k = 0; k < inner; k++) {
                y[i] += x[i / outer * inner + k] * w[i % outer * inner + k];
            }
        }
        return y;
    }

    static List<OpCheck> all() {
        List<OpCheck> checks = new ArrayList<>();
        for (Activation activation : Activation.values()) {
            checks.add(of("Activate", activation.name(), List.of(rows(D, -3, 3)), x -> map(x[0], v -> activation(activation, v)),
                    (pass, x) -> Activate.apply(pass, x[0], activation)));
            checks.add(of("Gate", activation.name(), List.of(rows(D, -3, 3), rows(D)),
                    x -> map(x[0], x[1], (gate, up) -> activation(activation, gate) * up),
                    (pass, x) -> Gate.apply(pass, x[0], x[1], activation)));
        }
        checks.add(of("Add", "", List.of(rows(D), rows(D)), x -> map(x[0], x[1], (a, b) -> a + 0.75 * b),
                (pass, x) -> Add.apply(pass, x[0], x[1], 0.75)));
        checks.add(of("AddRow", "", List.of(rows(D), parameter(1, D)), x -> map(x[0], x[1], Double::sum),
                (pass, x) -> AddRow.apply(pass, x[0], x[1])));
        checks.add(of("Multiply", "", List.of(rows(D), rows(D)), x -> map(x[0], x[1], (a, b) -> a * b),
                (pass, x) -> Multiply.apply(pass, x[0], x[1])));
        checks.add(of("MultiplyRow", "", List.of(rows(D), parameter(1, D)), x -> map(x[0], x[1], (a, b) -> a * b),
                (pass, x) -> MultiplyRow.apply(pass, x[0], x[1])));
        checks.add(of("Scale", "", List.of(rows(D)), x -> map(x[0], v -> -1.5 * v), (pass, x) -> Scale.apply(pass, x[0], -1.5)));
        checks.add(of("Softcap", "", List.of(rows(D, -4, 4)), x -> map(x[0], v -> 2 * Math.tanh(v / 2)),
                (pass, x) -> Softcap.apply(pass, x[0], 2)));
        checks.add(of("NegativeExp", "", List.of(rows(D)), x -> map(x[0], v -> -Math.exp(v)),
                (pass, x) -> NegativeExp.apply(pass, x[0])));
        checks.add(of("Transpose", "", List.of(parameter(4, 7)),
                x -> IntStream.range(0, 28).mapToDouble(i -> x[0][i % 4 * 7 + i / 4]).toArray(),
                (pass, x) -> Transpose.ofParameter(pass, x[0])));
        checks.add(of("Interpolate", "one weight a column", List.of(rows(D), rows(D), parameter(1, D)), RowChecks::interpolated,
                (pass, x) -> Interpolate.apply(pass, x[0], x[1], x[2])));
        checks.add(of("Interpolate", "one weight an element", List.of(rows(D), rows(D), rows(D)), RowChecks::interpolated,
                (pass, x) -> Interpolate.apply(pass, x[0], x[1], x[2])));
        checks.add(of("LogDecay", "", List.of(rows(6, -3, 3), parameter(1, 6), parameter(1, 2)),
                x -> IntStream.range(0, 6 * T).mapToDouble(i -> -Math.exp(x[2][i % 6 / 3]) * softplus(x[0][i] + x[1][i % 6])).toArray(),
                (pass, x) -> LogDecay.apply(pass, x[0], x[1], x[2])));
        products(checks);
        arrangements(checks);
        checks.add(of("CrossEntropy", "", List.of(rows(D, -3, 3)), RowChecks::crossEntropy,
                (pass, x) -> CrossEntropy.apply(pass, x[0], targets())));
        checks.add(of("KullbackLeibler", "", List.of(rows(D, -3, 3)), RowChecks::divergence, (pass, x) -> {
            Tensor constant = pass.take(T, D);
            for (int i = 0; i < T * D; i++) {
                constant.set(i, (float) teacher(i));
            }
            return KullbackLeibler.apply(pass, constant, x[0]);
        }));
        return checks;
    }

    private static double[] interpolated(double[][] x) {
        return IntStream.range(0, x[0].length).mapToDouble(i -> x[0][i] + x[2][i % x[2].length] * (x[1][i] - x[0][i])).toArray();
    }

    private static int[] targets() {
        return IntStream.range(0, T).map(t -> t * 3 % D).toArray();
    }

    private static double[] crossEntropy(double[][] x) {
        return IntStream.range(0, T).mapToDouble(t -> {
            double sum = 0;
            for (int v = 0; v < D; v++) {
                sum += Math.exp(x[0][t * D + v]);
            }
            return Math.log(sum) - x[0][t * D + targets()[t]];
        }).toArray();
    }

    /// The logits that those of the op's input are to come close to.
    private static double teacher(int i) {
        return (float) (2 * Math.sin(i));
    }

    private static double[] divergence(double[][] x) {
        return IntStream.range(0, T).mapToDouble(t -> {
            double p = 0;
            double q = 0;
            for (int v = t * D; v < (t + 1) * D; v++) {
                p += Math.exp(teacher(v));
                q += Math.exp(x[0][v]);
            }
            double sum = 0;
            for (int v = t * D; v < (t + 1) * D; v++) {
                sum += Math.exp(teacher(v)) / p * (teacher(v) - Math.log(p) - x[0][v] + Math.log(q));
            }
            return sum;
        }).toArray();
    }

    private static void products(List<OpCheck> checks) {
        checks.add(of("Linear", "", List.of(rows(D), parameter(3, D)), x -> product(x[0], x[1], D),
                (pass, x) -> Linear.apply(pass, x[0], x[1])));
        checks.add(of("Linear", "with a bias", List.of(rows(D), parameter(3, D), parameter(1, 3)),
                x -> map(product(x[0], x[1], D), x[2], Double::sum), (pass, x) -> Linear.apply(pass, x[0], x[1], Optional.of(x[2]))));
        checks.add(of("BlockDiagonalLinear", "", List.of(rows(6), parameter(3, 3), parameter(3, 3), parameter(1, 6)), x -> {
            double[] y = new double[6 * T];
            for (int i = 0; i < y.length; i++) {
                int block = i % 6 / 3;
                y[i] = x[3][i % 6];
                for (int k = 0; k < 3; k++) {
                    y[i] += x[1 + block][i % 3 * 3 + k] * x[0][i / 6 * 6 + block * 3 + k];
                }
            }
            return y;
        }, (pass, x) -> BlockDiagonalLinear.apply(pass, x[0], new Tensor[] {x[1], x[2]}, Optional.of(x[3]))));
        Patches patches = new Patches(2, 5, 4, 3, 2, 1);
        checks.add(of("Convolution2d", "", List.of(parameter(2 * 5 * 4, 2), parameter(3, 2 * 9), parameter(1, 3)),
                x -> convolved(patches, x), (pass, x) -> Convolution2d.apply(pass, patches, x[0], x[1], Optional.of(x[2]))));
    }

    private static double[] convolved(Patches p, double[][] x) {
        double[] y = new double[p.rows() * 3];
        int at = 0;
        for (int image = 0; image < p.images(); image++) {
            for (int i = 0; i < p.outputHeight(); i++) {
                for (int j = 0; j < p.outputWidth(); j++) {
                    for (int o = 0; o < 3; o++) {
                        double sum = x[2][o];
                        for (int tap = 0; tap < 2 * 9; tap++) {
                            int row = i * p.stride() + tap % 9 / 3 - p.padding();
                            int column = j * p.stride() + tap % 3 - p.padding();
                            if (row >= 0 && row < p.height() && column >= 0 && column < p.width()) {
                                sum += x[1][o * 18 + tap] * x[0][((image * p.height() + row) * p.width() + column) * 2 + tap / 9];
                            }
                        }
                        y[at++] = sum;
                    }
                }
            }
        }
        return y;
    }

    private static void arrangements(List<OpCheck> checks) {
        int[] order = {3, -1, 0, 3, 76, 12};
        checks.add(of("ArrangeRows", "", List.of(rows(D)), x -> IntStream.range(0, order.length * D)
                .mapToDouble(i -> order[i / D] < 0 ? 0 : x[0][order[i / D] * D + i % D]).toArray(),
                (pass, x) -> ArrangeRows.apply(pass, x[0], order)));
        int[] picked = {0, 5, 5, 70, 76};
        checks.add(of("PickRows", "", List.of(rows(D)), x -> IntStream.range(0, picked.length * D)
                .mapToDouble(i -> x[0][picked[i / D] * D + i % D]).toArray(), (pass, x) -> PickRows.apply(pass, x[0], picked)));
        checks.add(of("Concatenate", "", List.of(rows(2), rows(D)), x -> IntStream.range(0, T * (2 + D))
                .mapToDouble(i -> i % (2 + D) < 2 ? x[0][i / (2 + D) * 2 + i % (2 + D)] : x[1][i / (2 + D) * D + i % (2 + D) - 2]).toArray(),
                (pass, x) -> Concatenate.apply(pass, x[0], x[1])));
        checks.add(of("MeanRows", "", List.of(rows(D)), x -> {
            double[] y = new double[T / 11 * D];
            for (int i = 0; i < x[0].length; i++) {
                y[i / D / 11 * D + i % D] += x[0][i] / 11;
            }
            return y;
        }, (pass, x) -> MeanRows.apply(pass, x[0], 11)));
        checks.add(of("TokenEmbedding", "", List.of(parameter(OpCheck.VOCABULARY, D)), x -> {
            int[] ids = OpCheck.ids();
            return IntStream.range(0, T * D).mapToDouble(i -> 3 * x[0][ids[i / D] * D + i % D]).toArray();
        }, (pass, x) -> TokenEmbedding.apply(pass, x[0], Optional.empty(), 3)));
    }
}
