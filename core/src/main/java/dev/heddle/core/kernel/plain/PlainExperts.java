package dev.heddle.core.kernel.plain;

import dev.heddle.core.kernel.Experts;
import dev.heddle.core.kernel.MatrixProduct;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// [Experts] in plain loops over the device's own matrix product.
public final class PlainExperts implements Experts {
    private final MatrixProduct products;

    public PlainExperts(MatrixProduct products) {
        this.products = products;
    }

    private static float at(Tensor x, int t, int d) {
        return Memory.f32(x.address(t) + 4L * d);
    }

    private static int id(Tensor x, long index) {
        return Memory.i32(x.address() + 4L * index);
    }

    @Override
    public void choose(Tensor ids, Tensor weights, Tensor scores, Optional<Tensor> choiceBias, Router router) {
        int experts = scores.columns();
        int active = ids.columns();
        double[] score = new double[experts];
        for (int t = 0; t < scores.rows(); t++) {
            for (int e = 0; e < experts; e++) {
                score[e] = at(scores, t, e);
            }
            switch (router.scoring()) {
                case SOFTMAX_THEN_CHOOSE -> softmax(score, experts);
                case SIGMOID -> {
                    for (int e = 0; e < experts; e++) {
                        score[e] = Scalar.sigmoid(score[e]);
                    }
                }
                case CHOOSE_THEN_SOFTMAX -> {
                }
            }
            int[] chosen = best(score, choiceBias, active);
            double[] weight = new double[active];
            for (int j = 0; j < active; j++) {
                weight[j] = score[chosen[j]];
            }
            if (router.scoring() == Router.Scoring.CHOOSE_THEN_SOFTMAX) {
                softmax(weight, active);
            }
            double sum = 0;
            for (double w : weight) {
                sum += w;
            }
            for (int j = 0; j < active; j++) {
                double w = router.normalise() ? weight[j] / (sum + 1e-20) : weight[j];
                Memory.i32(ids.address(t) + 4L * j, chosen[j]);
                Memory.f32(weights.address(t) + 4L * j, (float) (w * router.scale()));
            }
        }
    }

    private static int[] best(double[] score, Optional<Tensor> bias, int active) {
        int[] chosen = new int[active];
        boolean[] taken = new boolean[score.length];
        for (int j = 0; j < active; j++) {
            int best = -1;
            double bestScore = 0;
            for (int e = 0; e < score.length; e++) {
                double s = score[e] + (bias.isEmpty() ? 0 : bias.get().get(e));
                if (!taken[e] && (best < 0 || s > bestScore)) {
                    best = e;
                    bestScore = s;
                }
            }
            taken[best] = true;
            chosen[j] = best;
        }
        return chosen;
    }

    private static void softmax(double[] score, int count) {
        double max = Double.NEGATIVE_INFINITY;
        for (int e = 0; e < count; e++) {
            max = Math.max(max, score[e]);
        }
        double sum = 0;
        for (int e = 0; e < count; e++) {
            score[e] = Math.exp(score[e] - max);
            sum += score[e];
        }
        for (int e = 0; e < count; e++) {
            score[e] /= sum;
        }
    }

    @Override
    public void group(Tensor order, Tensor offsets, Tensor ids) {
        int experts = offsets.rows() - 1;
        int[] count = new int[experts + 1];
        long choices = ids.elements();
        for (long i = 0; i < choices; i++) {
            count[id(ids, i) + 1]++;
        }
        for (int e = 0; e < experts; e++) {
            count[e + 1] += count[e];
            Memory.i32(offsets.address() + 4L * e, count[e]);
        }
        Memory.i32(offsets.address() + 4L * experts, count[experts]);
        for (long i = 0; i < choices; i++) {
            Memory.i32(order.address() + 4L * count[id(ids, i)]++, (int) i);
        }
    }

    @Override
    public void gather(Tensor y, Tensor x, Tensor order, int active) {
        for (int i = 0; i < y.rows(); i++) {
            Memory.ALL.asSlice(y.address(i), 4L * y.columns())
                    .copyFrom(Memory.ALL.asSlice(x.address(id(order, i) / active), 4L * y.columns()));
        }
    }

    @Override
    public void product(Tensor y, Tensor x, Tensor offsets, Tensor[] weights) {
        for (int e = 0; e < weights.length; e++) {
            int from = id(offsets, e);
            int to = id(offsets, e + 1L);
            if (to > from) {
                products.product(y.rowRange(from, to), x.rowRange(from, to), weights[e]);
            }
        }
    }

    @Override
    public void scatter(Tensor y, Tensor x, Tensor order, Tensor weights) {
        int active = weights.columns();
        int[] position = new int[order.rows()];
        for (int i = 0; i < position.length; i++) {
            position[id(order, i)] = i;
        }
        for (int t = 0; t < y.rows(); t++) {
            for (int d = 0; d < y.columns(); d++) {
                float sum = 0;
                for (int j = 0; j < active; j++) {
                    sum = Math.fma(at(weights, t, j), at(x, position[t * active + j], d), sum);
                }
                Memory.f32(y.address(t) + 4L * d, sum);
            }
        }
    }
}
