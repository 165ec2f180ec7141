package dev.heddle.core.op;

import static dev.heddle.core.op.OpCheck.LENGTHS;
import static dev.heddle.core.op.OpCheck.T;
import static dev.heddle.core.op.OpCheck.of;
import static dev.heddle.core.op.OpCheck.parameter;
import static dev.heddle.core.op.OpCheck.rows;

import dev.heddle.core.kernel.AttentionDifference.Share;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.state.StateLayout;
import dev.heddle.core.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/// Ops along sequences without a recurrence: attention, convolution, shifts, positions.
final class SequenceChecks {
    private static final int D = 5;

    private SequenceChecks() {
    }

    /// Softmax attention of query rows over the keys they see.
    private interface Sees {
        boolean sees(int query, int key);
    }

    private static double[] attention(double[][] x, int heads, int kvHeads, int keyDim, int valueDim, double scale, double cap,
            double[] slopes, Sees sees) {
        double[] y = new double[T * heads * valueDim];
        int first = 0;
        for (int length : LENGTHS) {
            for (int t = 0; t < length; t++) {
                for (int h = 0; h < heads; h++) {
                    int g = h * kvHeads / heads;
                    double[] weights = new double[length];
                    double sum = 0;
                    for (int s = 0; s < length; s++) {
                        if (sees.sees(t, s)) {
                            double score = 0;
                            for (int i = 0; i < keyDim; i++) {
                                score += x[0][((first + t) * heads + h) * keyDim + i] * x[1][((first + s) * kvHeads + g) * keyDim + i];
                            }
                            score *= scale;
                            score = cap == 0 ? score : cap * Math.tanh(score / cap);
                            weights[s] = Math.exp(score - slopes[h] * (t - s));
                            sum += weights[s];
                        }
                    }
                    for (int s = 0; s < length; s++) {
                        for (int j = 0; j < valueDim; j++) {
                            y[((first + t) * heads + h) * valueDim + j] += weights[s] / sum * x[2][((first + s) * kvHeads + g) * valueDim + j];
                        }
                    }
                }
            }
            first += length;
        }
        return y;
    }

    private static OpCheck attention(String variant, dev.heddle.core.kernel.Attention.Shape shape) {
        StateLayout layout = new StateLayout();
        int kv = layout.addKeyValues("layer", shape.kvHeads(), shape.headDim(), shape.valueDim(), shape.window());
        double[] slopes = new double[shape.heads()];
        for (int h = 0; h < slopes.length; h++) {
            slopes[h] = shape.alibi() ? Math.pow(2, -8.0 * (h + 1) / slopes.length) : 0;
        }
        return new OpCheck("Attention", variant, layout, List.of(rows(shape.heads() * shape.headDim(), -2, 2),
                rows(shape.kvHeads() * shape.headDim(), -2, 2), rows(shape.kvHeads() * shape.valueDim())),
                x -> attention(x, shape.heads(), shape.kvHeads(), shape.headDim(), shape.valueDim(), shape.scale(), shape.softcap(), slopes,
                        (t, s) -> s <= t && (shape.window() == 0 || t - s < shape.window() || s < shape.sinks())),
                (pass, x) -> Attention.apply(pass, shape, x[0], Attention.store(pass, x[1], x[2], kv)));
    }

    static List<OpCheck> all() {
        return List.of(
                attention("groups", new dev.heddle.core.kernel.Attention.Shape(2, 1, 3, 2, 0.6f, 0, 0, 0, false)),
                attention("window and softcap", new dev.heddle.core.kernel.Attention.Shape(1, 1, 3, 2, 0.6f, 1.5f, 9, 0, false)),
                attention("linear biases", new dev.heddle.core.kernel.Attention.Shape(2, 2, 2, 2, 0.6f, 0, 0, 0, true)),
                of("BidirectionalAttention", "", List.of(rows(4, -2, 2), rows(4, -2, 2), rows(4)),
                        x -> attention(x, 2, 2, 2, 2, 0.6f, 0, new double[2], (_, _) -> true),
                        (pass, x) -> BidirectionalAttention.apply(pass,
                                new dev.heddle.core.kernel.BidirectionalAttention.Shape(2, 2, 0.6f), x[0], x[1], x[2])),
                of("AttentionDifference", "", List.of(rows(D), rows(D), parameter(1, 3), parameter(1, 3), parameter(1, 3), parameter(1, 3)), x -> {
                    double first = 0;
                    double second = 0;
                    for (int i = 0; i < 3; i++) {
                        first += x[2][i] * x[3][i];
                        second += x[4][i] * x[5][i];
                    }
                    double lambda = Math.exp(first) - Math.exp(second) + 0.3f;
                    double[] y = new double[T * D];
                    for (int i = 0; i < y.length; i++) {
                        y[i] = x[0][i] - lambda * x[1][i];
                    }
                    return y;
                }, (pass, x) -> AttentionDifference.apply(pass, x[0], x[1], new Share(x[2], x[3], x[4], x[5], 0.3f))),
                of("CausalConvolution", "four taps", new int[] {3 * D}, List.of(rows(D), parameter(D, 4), parameter(1, D)),
                        x -> convolved(x, 4, 3), (pass, x) -> CausalConvolution.apply(pass, x[0], x[1], Optional.of(x[2]), Activation.SILU, 0)),
                of("CausalConvolution", "three taps, no bias", new int[] {2 * D}, List.of(rows(D), parameter(D, 3)),
                        x -> convolved(x, 3, 2), (pass, x) -> CausalConvolution.apply(pass, x[0], x[1], Optional.empty(), Activation.SILU, 0)),
                of("SymmetricConvolution", "", List.of(rows(D), parameter(D, 4), parameter(1, D)),
                        x -> convolved(x, 4, 1), (pass, x) -> SymmetricConvolution.apply(pass, x[0], x[1], Optional.of(x[2]), Activation.SILU)),
                of("TokenShift", "", new int[] {D}, List.of(rows(D)), x -> {
                    double[] y = new double[T * D];
                    OpCheck.sequences(() -> { }, (t, position) -> {
                        if (position > 0) {
                            System.arraycopy(x[0], (t - 1) * D, y, t * D, D);
                        }
                    });
                    return y;
                }, (pass, x) -> TokenShift.apply(pass, x[0], 0)),
                of("RotaryEmbedding", "halves", List.of(rows(12)), x -> rotated(x[0], false),
                        (pass, x) -> RotaryEmbedding.apply(pass, x[0], PositionSpec.Rotary.of(100, 4), 2)),
                of("RotaryEmbedding", "neighbours", List.of(rows(12)), x -> rotated(x[0], true),
                        (pass, x) -> RotaryEmbedding.apply(pass, x[0], new PositionSpec.Rotary(100, 4, true,
                                dev.heddle.core.spec.RopeScaling.NONE), 2)));
    }

    /// SiLU of a depthwise convolution whose tap `present` meets the row itself.
    private static double[] convolved(double[][] x, int taps, int present) {
        double[] y = new double[T * D];
        int first = 0;
        for (int length : LENGTHS) {
            for (int t = 0; t < length; t++) {
                for (int c = 0; c < D; c++) {
                    double sum = x.length == 2 ? 0 : x[2][c];
                    for (int k = 0; k < taps; k++) {
                        int from = t + k - present;
                        sum += from < 0 || from >= length ? 0 : x[1][c * taps + k] * x[0][(first + from) * D + c];
                    }
                    y[(first + t) * D + c] = sum * RowChecks.sigmoid(sum);
                }
            }
            first += length;
        }
        return y;
    }

    /// Two heads of six, of which the first four turn.
    private static double[] rotated(double[] x, boolean neighbours) {
        double[] y = x.clone();
        OpCheck.sequences(() -> { }, (t, position) -> {
            for (int pair = 0; pair < 4; pair++) {
                int i = pair % 2;
                double angle = position * Math.pow(100, -i / 2.0);
                int a = t * 12 + pair / 2 * 6 + (neighbours ? 2 * i : i);
                int b = neighbours ? a + 1 : a + 2;
                y[a] = x[a] * Math.cos(angle) - x[b] * Math.sin(angle);
                y[b] = x[a] * Math.sin(angle) + x[b] * Math.cos(angle);
            }
        });
        return y;
    }
}
