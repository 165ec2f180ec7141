package dev.heddle.core.kernel.plain;

import static dev.heddle.core.kernel.plain.Elements.at;
import static dev.heddle.core.kernel.plain.Elements.plus;
import static dev.heddle.core.kernel.plain.Elements.put;

import dev.heddle.core.kernel.LoadBalance;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router.Scoring;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [LoadBalance] in plain loops.
public final class PlainLoadBalance implements LoadBalance {
    @Override
    public void forward(Tensor load, Tensor balance, Tensor p, Tensor scores, Tensor ids, Scoring scoring) {
        probabilities(p, scores, scoring);
        measure(load, balance, p, ids);
    }

    /// p of each row.
    public void probabilities(Tensor p, Tensor scores, Scoring scoring) {
        int experts = scores.columns();
        for (int t = 0; t < scores.rows(); t++) {
            double max = Double.NEGATIVE_INFINITY;
            for (int e = 0; e < experts; e++) {
                max = Math.max(max, at(scores, t, e));
            }
            double sum = 0;
            for (int e = 0; e < experts; e++) {
                sum += weight(at(scores, t, e), max, scoring);
            }
            for (int e = 0; e < experts; e++) {
                put(p, t, e, weight(at(scores, t, e), max, scoring) / sum);
            }
        }
    }

    private static double weight(double score, double max, Scoring scoring) {
        return switch (scoring) {
            case SOFTMAX_THEN_CHOOSE, CHOOSE_THEN_SOFTMAX -> Math.exp(score - max);
            case SIGMOID -> Scalar.sigmoid(score);
        };
    }

    /// Load and balance from the probabilities and the choice.
    public void measure(Tensor load, Tensor balance, Tensor p, Tensor ids) {
        int experts = p.columns();
        double[] chosen = new double[experts];
        for (int t = 0; t < ids.rows(); t++) {
            for (int j = 0; j < ids.columns(); j++) {
                chosen[Memory.i32(ids.address(t) + 4L * j)]++;
            }
        }
        double sum = 0;
        for (int e = 0; e < experts; e++) {
            double mean = 0;
            for (int t = 0; t < p.rows(); t++) {
                mean += at(p, t, e);
            }
            double share = chosen[e] / p.rows();
            put(load, 0, e, share);
            sum += share * mean / p.rows();
        }
        put(balance, 0, 0, experts * sum);
    }

    @Override
    public void gradient(Tensor dScores, float factor, Tensor load, Tensor p, Tensor scores, Scoring scoring) {
        gradient(dScores, (double) factor * p.columns() / p.rows(), load, p, scores, scoring);
    }

    /// @param scale factor·E/T
    public void gradient(Tensor dScores, double scale, Tensor load, Tensor p, Tensor scores, Scoring scoring) {
        int experts = p.columns();
        for (int t = 0; t < p.rows(); t++) {
            double common = 0;
            for (int e = 0; e < experts; e++) {
                common += (double) at(load, 0, e) * at(p, t, e);
            }
            for (int e = 0; e < experts; e++) {
                double slope = at(p, t, e) * (at(load, 0, e) - common);
                plus(dScores, t, e, scale * switch (scoring) {
                    case SOFTMAX_THEN_CHOOSE, CHOOSE_THEN_SOFTMAX -> slope;
                    case SIGMOID -> slope * (1 - Scalar.sigmoid(at(scores, t, e)));
                });
            }
        }
    }
}
