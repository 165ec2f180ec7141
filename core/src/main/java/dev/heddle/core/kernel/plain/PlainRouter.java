package dev.heddle.core.kernel.plain;

import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router.Scoring;
import java.util.Arrays;

/// One row's choice of experts and its gradient, in double precision; the equations stand at
/// [dev.heddle.core.kernel.Experts].
final class PlainRouter {
    private final Router router;

    PlainRouter(Router router) {
        this.router = router;
    }

    /// What the scores mean before anything is chosen.
    double[] scored(double[] scores) {
        double[] s = scores.clone();
        switch (router.scoring()) {
            case SOFTMAX_THEN_CHOOSE -> softmax(s);
            case SIGMOID -> {
                for (int e = 0; e < s.length; e++) {
                    s[e] = Scalar.sigmoid(s[e]);
                }
            }
            case CHOOSE_THEN_SOFTMAX -> {
            }
        }
        return s;
    }

    /// The `active` experts with the largest s + bias among those of the best groups, best first.
    int[] choose(double[] s, double[] bias, int active) {
        double[] key = new double[s.length];
        for (int e = 0; e < key.length; e++) {
            key[e] = s[e] + bias[e];
        }
        boolean[] barred = new boolean[s.length];
        if (router.groups() > 1) {
            bar(barred, key, s.length / router.groups());
        }
        return best(key, barred, active);
    }

    /// Bars the experts of all but the best groups.
    private void bar(boolean[] barred, double[] key, int size) {
        double[] group = new double[router.groups()];
        for (int g = 0; g < group.length; g++) {
            double first = Double.NEGATIVE_INFINITY;
            double second = Double.NEGATIVE_INFINITY;
            for (int e = g * size; e < (g + 1) * size; e++) {
                if (key[e] > first) {
                    second = first;
                    first = key[e];
                } else {
                    second = Math.max(second, key[e]);
                }
            }
            group[g] = first + second;
        }
        Arrays.fill(barred, true);
        for (int g : best(group, new boolean[group.length], router.activeGroups())) {
            Arrays.fill(barred, g * size, (g + 1) * size, false);
        }
    }

    private static int[] best(double[] key, boolean[] barred, int count) {
        int[] chosen = new int[count];
        boolean[] taken = barred.clone();
        for (int j = 0; j < count; j++) {
            int best = -1;
            for (int e = 0; e < key.length; e++) {
                if (!taken[e] && (best < 0 || key[e] > key[best])) {
                    best = e;
                }
            }
            taken[best] = true;
            chosen[j] = best;
        }
        return chosen;
    }

    /// Weights of the chosen experts before normalisation and scale.
    double[] chosen(double[] s, int[] ids) {
        double[] u = new double[ids.length];
        for (int j = 0; j < u.length; j++) {
            u[j] = s[ids[j]];
        }
        if (router.scoring() == Scoring.CHOOSE_THEN_SOFTMAX) {
            softmax(u);
        }
        return u;
    }

    /// What the chosen weights are divided by.
    double divisor(double[] u) {
        if (!router.normalise()) {
            return 1;
        }
        double sum = router.normaliseEpsilon();
        for (double one : u) {
            sum += one;
        }
        return sum;
    }

    double[] weights(double[] u) {
        double divisor = divisor(u);
        double[] w = new double[u.length];
        for (int j = 0; j < w.length; j++) {
            w[j] = u[j] / divisor * router.scale();
        }
        return w;
    }

    /// d loss / d scores from d loss / d weights.
    double[] gradient(double[] s, int[] ids, double[] dWeights) {
        double[] u = chosen(s, ids);
        double[] du = new double[u.length];
        double divisor = divisor(u);
        double common = 0;
        for (int j = 0; j < u.length && router.normalise(); j++) {
            common += dWeights[j] * u[j] / divisor;
        }
        for (int j = 0; j < u.length; j++) {
            du[j] = router.scale() * (dWeights[j] - common) / divisor;
        }
        double[] dScores = new double[s.length];
        double mean = 0;
        for (int j = 0; j < u.length; j++) {
            mean += du[j] * u[j];
        }
        for (int j = 0; j < u.length; j++) {
            dScores[ids[j]] = switch (router.scoring()) {
                case SOFTMAX_THEN_CHOOSE -> du[j];
                case CHOOSE_THEN_SOFTMAX -> u[j] * (du[j] - mean);
                case SIGMOID -> du[j] * u[j] * (1 - u[j]);
            };
        }
        if (router.scoring() == Scoring.SOFTMAX_THEN_CHOOSE) {
            for (int e = 0; e < s.length; e++) {
                dScores[e] = s[e] * (dScores[e] - mean);
            }
        }
        return dScores;
    }

    private static void softmax(double[] x) {
        double max = Double.NEGATIVE_INFINITY;
        for (double one : x) {
            max = Math.max(max, one);
        }
        double sum = 0;
        for (int e = 0; e < x.length; e++) {
            x[e] = Math.exp(x[e] - max);
            sum += x[e];
        }
        for (int e = 0; e < x.length; e++) {
            x[e] /= sum;
        }
    }
}
