package dev.heddle.core.op;

import static dev.heddle.core.op.OpCheck.of;
import static dev.heddle.core.op.OpCheck.parameter;
import static dev.heddle.core.op.OpCheck.rows;

import dev.heddle.core.kernel.FeatureMaps.Statistics;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// Normalisations.
final class NormChecks {
    private static final int D = 6;
    private static final double EPSILON = 1e-2;

    private NormChecks() {
    }

    /// Mean and mean square about `middle` of element i's group.
    private static double mean(double[] x, int i, int width, double middle, boolean square) {
        int first = i / width * width;
        return IntStream.range(first, first + width).mapToDouble(e -> square ? (x[e] - middle) * (x[e] - middle) : x[e]).sum() / width;
    }

    private static double[] rms(double[][] x, int width, double offset) {
        return IntStream.range(0, x[0].length).mapToDouble(i -> {
            double weight = x.length == 1 ? 1 : x[1][i % x[1].length] + offset;
            return x[0][i] / Math.sqrt(mean(x[0], i, width, 0, true) + EPSILON) * weight;
        }).toArray();
    }

    private static double[] layer(double[][] x, int width) {
        return IntStream.range(0, x[0].length).mapToDouble(i -> {
            double middle = mean(x[0], i, width, 0, false);
            double normed = (x[0][i] - middle) / Math.sqrt(mean(x[0], i, width, middle, true) + EPSILON);
            return x.length == 1 ? normed : normed * x[1][i % D] + x[2][i % D];
        }).toArray();
    }

    private static double[] l2(double[] x, int width, boolean inside) {
        return IntStream.range(0, x.length).mapToDouble(i -> {
            double square = width * mean(x, i, width, 0, true);
            return x[i] / (inside ? Math.sqrt(square + EPSILON) : Math.max(Math.sqrt(square), EPSILON));
        }).toArray();
    }

    static List<OpCheck> all() {
        return List.of(
                of("RmsNorm", "", List.of(rows(D), parameter(1, D)), x -> rms(x, D, 0),
                        (pass, x) -> RmsNorm.apply(pass, x[0], Optional.of(x[1]), 0, EPSILON, 1)),
                of("RmsNorm", "groups with the same weights, one added", List.of(rows(D), parameter(1, 3)), x -> rms(x, 3, 1),
                        (pass, x) -> RmsNorm.apply(pass, x[0], Optional.of(x[1]), 1, EPSILON, 2)),
                of("RmsNorm", "without weights", List.of(rows(D)), x -> rms(x, D, 0),
                        (pass, x) -> RmsNorm.apply(pass, x[0], Optional.empty(), 0, EPSILON, 1)),
                of("LayerNorm", "", List.of(rows(D), parameter(1, D), parameter(1, D)), x -> layer(x, D),
                        (pass, x) -> LayerNorm.apply(pass, x[0], Optional.of(x[1]), Optional.of(x[2]), EPSILON, 1)),
                of("LayerNorm", "groups", List.of(rows(D), parameter(1, D), parameter(1, D)), x -> layer(x, 3),
                        (pass, x) -> LayerNorm.apply(pass, x[0], Optional.of(x[1]), Optional.of(x[2]), EPSILON, 2)),
                of("LayerNorm", "without weights", List.of(rows(D)), x -> layer(x, D),
                        (pass, x) -> LayerNorm.apply(pass, x[0], Optional.empty(), Optional.empty(), EPSILON, 1)),
                of("L2Norm", "ε inside the root", List.of(rows(D)), x -> l2(x[0], 3, true),
                        (pass, x) -> L2Norm.apply(pass, x[0], EPSILON, true, 2)),
                of("L2Norm", "ε as a bound", List.of(rows(D)), x -> l2(x[0], 3, false),
                        (pass, x) -> L2Norm.apply(pass, x[0], EPSILON, false, 2)),
                of("BatchNorm", "", List.of(rows(D), parameter(1, D), parameter(1, D, 0.5, 2), parameter(1, D), parameter(1, D)),
                        x -> IntStream.range(0, x[0].length).mapToDouble(i -> (x[0][i] - x[1][i % D])
                                / Math.sqrt(x[2][i % D] + EPSILON) * x[3][i % D] + x[4][i % D]).toArray(),
                        (pass, x) -> BatchNorm.apply(pass, x[0], new Statistics(x[1], x[2], x[3], x[4]), EPSILON)));
    }
}
