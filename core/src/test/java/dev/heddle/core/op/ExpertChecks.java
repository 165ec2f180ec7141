package dev.heddle.core.op;

import static dev.heddle.core.op.OpCheck.T;
import static dev.heddle.core.op.OpCheck.of;
import static dev.heddle.core.op.OpCheck.parameter;
import static dev.heddle.core.op.OpCheck.rows;

import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// Mixtures of experts: rows of [#D] columns, [#E] experts, two for each row.
final class ExpertChecks {
    private static final int D = 3;
    private static final int E = 4;

    private ExpertChecks() {
    }

    /// The weight of each expert in row t, zero where it was not chosen.
    private static double[] weights(double[] scores, int t, Router router) {
        double[] s = new double[E];
        double sum = 0;
        for (int e = 0; e < E; e++) {
            double score = scores[t * E + e];
            s[e] = router.scoring() == Router.Scoring.SIGMOID ? RowChecks.sigmoid(score) : Math.exp(score);
            sum += s[e];
        }
        List<Integer> best = IntStream.range(0, E).boxed().sorted(Comparator.comparingDouble(e -> -scores[t * E + e])).limit(2).toList();
        double chosen = best.stream().mapToDouble(e -> s[e]).sum();
        double divisor = switch (router.scoring()) {
            case SOFTMAX_THEN_CHOOSE -> router.normalise() ? chosen : sum;
            case CHOOSE_THEN_SOFTMAX -> chosen;
            case SIGMOID -> router.normalise() ? chosen : 1;
        };
        double[] weights = new double[E];
        best.forEach(e -> weights[e] = router.scale() * s[e] / divisor);
        return weights;
    }

    private static List<Router> routers() {
        return List.of(Router.softmax(), Router.softmaxOfChosen(), Router.sigmoid().withNormalised(true, 0).withScale(1.5));
    }

    /// Rows through the matrix of each of their experts: x, scores, matrices.
    private static OpCheck dispatch(Router router) {
        MixtureOfExpertsSpec spec = MixtureOfExpertsSpec.of(E, 2, GatedMlpSpec.of(4, Activation.SILU), router);
        List<OpCheck.Input> inputs = new ArrayList<>(List.of(rows(D), rows(E, -2, 2)));
        for (int e = 0; e < E; e++) {
            inputs.add(parameter(D, D));
        }
        return of("ExpertDispatch", router.scoring().toString(), inputs, x -> {
            double[] y = new double[T * D];
            for (int t = 0; t < T; t++) {
                double[] weights = weights(x[1], t, router);
                for (int e = 0; e < E; e++) {
                    double[] out = RowChecks.product(Arrays.copyOfRange(x[0], t * D, (t + 1) * D), x[2 + e], D);
                    for (int i = 0; i < D; i++) {
                        y[t * D + i] += weights[e] * out[i];
                    }
                }
            }
            return y;
        }, (pass, x) -> {
            ExpertDispatch dispatch = ExpertDispatch.of(pass, x[1], Optional.empty(), spec);
            Tensor gathered = dispatch.gather(pass, x[0]);
            return dispatch.scatter(pass, dispatch.product(pass, gathered, Arrays.copyOfRange(x, 2, 2 + E)), D);
        });
    }

    /// Outputs that all experts have computed for all rows: scores, outputs.
    private static OpCheck mixture(Router router) {
        List<OpCheck.Input> inputs = new ArrayList<>(List.of(rows(E, -2, 2)));
        for (int e = 0; e < E; e++) {
            inputs.add(rows(D));
        }
        return of("ExpertMixture", router.scoring().toString(), inputs, x -> {
            double[] y = new double[T * D];
            for (int i = 0; i < y.length; i++) {
                double[] weights = weights(x[0], i / D, router);
                for (int e = 0; e < E; e++) {
                    y[i] += weights[e] * x[1 + e][i];
                }
            }
            return y;
        }, (pass, x) -> ExpertMixture.apply(pass, x[0], Optional.empty(), router, 2, List.of(x).subList(1, 1 + E)));
    }

    static List<OpCheck> all() {
        List<OpCheck> checks = new ArrayList<>();
        routers().forEach(router -> checks.add(dispatch(router)));
        routers().forEach(router -> checks.add(mixture(router)));
        checks.add(of("SharedExpert", "", List.of(rows(D), rows(D), rows(1)), x -> IntStream.range(0, T * D)
                .mapToDouble(i -> x[0][i] + RowChecks.sigmoid(x[2][i / D]) * x[1][i]).toArray(),
                (pass, x) -> SharedExpert.apply(pass, x[0], x[1], x[2])));
        return checks;
    }
}
