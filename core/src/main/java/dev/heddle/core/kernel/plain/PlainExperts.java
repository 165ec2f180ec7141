package dev.heddle.core.kernel.plain;

import static dev.heddle.core.kernel.plain.Elements.at;
import static dev.heddle.core.kernel.plain.Elements.plus;

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

    private static int id(Tensor x, long index) {
        return Memory.i32(x.address() + 4L * index);
    }

    private static void id(Tensor x, long index, int value) {
        Memory.i32(x.address() + 4L * index, value);
    }

    @Override
    public void choose(Tensor ids, Tensor weights, Tensor scores, Optional<Tensor> choiceBias, Router router) {
        int active = ids.columns();
        PlainRouter plain = new PlainRouter(router);
        double[] bias = choiceBias.map(b -> Elements.row(b, 0, 0, scores.columns())).orElse(new double[scores.columns()]);
        for (int t = 0; t < scores.rows(); t++) {
            double[] s = plain.scored(Elements.row(scores, t, 0, scores.columns()));
            int[] chosen = plain.choose(s, bias, active);
            Elements.put(weights, t, 0, plain.weights(plain.chosen(s, chosen)));
            for (int j = 0; j < active; j++) {
                id(ids, (long) t * active + j, chosen[j]);
            }
        }
    }

    @Override
    public void chooseGradient(Tensor dScores, Tensor dWeights, Tensor scores, Tensor ids, Router router) {
        int active = ids.columns();
        PlainRouter plain = new PlainRouter(router);
        int[] chosen = new int[active];
        for (int t = 0; t < scores.rows(); t++) {
            for (int j = 0; j < active; j++) {
                chosen[j] = id(ids, (long) t * active + j);
            }
            plus(dScores, t, 0, plain.gradient(plain.scored(Elements.row(scores, t, 0, scores.columns())), chosen,
                    Elements.row(dWeights, t, 0, active)));
        }
    }

    @Override
    public void group(Tensor order, Tensor place, Tensor offsets, Tensor ids) {
        int experts = offsets.rows() - 1;
        int[] next = new int[experts + 1];
        int choices = Math.toIntExact(ids.elements());
        for (int c = 0; c < choices; c++) {
            next[id(ids, c) + 1]++;
        }
        for (int e = 0; e <= experts; e++) {
            next[e] += e == 0 ? 0 : next[e - 1];
            id(offsets, e, next[e]);
        }
        for (int c = 0; c < choices; c++) {
            int i = next[id(ids, c)]++;
            id(order, i, c);
            id(place, c, i);
        }
    }

    @Override
    public void placeAmongAll(Tensor place, Tensor ids) {
        int active = ids.columns();
        for (int c = 0; c < ids.elements(); c++) {
            id(place, c, id(ids, c) * ids.rows() + c / active);
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
    public void gatherGradient(Tensor dx, Tensor dy, Tensor place, int active) {
        for (int t = 0; t < dx.rows(); t++) {
            for (int d = 0; d < dx.columns(); d++) {
                double sum = 0;
                for (int j = 0; j < active; j++) {
                    sum += at(dy, id(place, (long) t * active + j), d);
                }
                plus(dx, t, d, sum);
            }
        }
    }

    /// What to do with the places `from` to `to` of expert `e`.
    @FunctionalInterface
    private interface Part {
        void of(int e, int from, int to);
    }

    private static void each(Tensor offsets, Part part) {
        for (int e = 0; e < offsets.rows() - 1; e++) {
            int from = id(offsets, e);
            int to = id(offsets, e + 1L);
            if (to > from) {
                part.of(e, from, to);
            }
        }
    }

    @Override
    public void product(Tensor y, Tensor x, Tensor offsets, Tensor[] weights) {
        each(offsets, (e, from, to) -> products.product(y.rowRange(from, to), x.rowRange(from, to), weights[e]));
    }

    @Override
    public void inputGradient(Tensor dx, Tensor dy, Tensor offsets, Tensor[] weights) {
        each(offsets, (e, from, to) -> products.inputGradient(dx.rowRange(from, to), dy.rowRange(from, to), weights[e]));
    }

    @Override
    public void weightGradient(Tensor[] dWeights, Tensor dy, Tensor x, Tensor offsets) {
        each(offsets, (e, from, to) -> products.weightGradient(dWeights[e], dy.rowRange(from, to), x.rowRange(from, to)));
    }

    @Override
    public void scatter(Tensor y, Tensor x, Tensor place, Tensor weights) {
        int active = weights.columns();
        for (int t = 0; t < y.rows(); t++) {
            for (int d = 0; d < y.columns(); d++) {
                float sum = 0;
                for (int j = 0; j < active; j++) {
                    sum = Math.fma(at(weights, t, j), at(x, id(place, (long) t * active + j), d), sum);
                }
                Elements.put(y, t, d, sum);
            }
        }
    }

    @Override
    public void scatterGradient(Tensor dx, Tensor dWeights, Tensor dy, Tensor x, Tensor place, Tensor weights) {
        int active = weights.columns();
        for (int t = 0; t < dy.rows(); t++) {
            for (int j = 0; j < active; j++) {
                int i = id(place, (long) t * active + j);
                double sum = 0;
                for (int d = 0; d < dy.columns(); d++) {
                    sum += (double) at(dy, t, d) * at(x, i, d);
                    plus(dx, i, d, (double) at(weights, t, j) * at(dy, t, d));
                }
                plus(dWeights, t, j, sum);
            }
        }
    }

    @Override
    public void addShared(Tensor y, Tensor routed, Tensor shared, Tensor gate) {
        for (int t = 0; t < y.rows(); t++) {
            double open = Scalar.sigmoid(at(gate, t, 0));
            for (int d = 0; d < y.columns(); d++) {
                Elements.put(y, t, d, at(routed, t, d) + open * at(shared, t, d));
            }
        }
    }

    @Override
    public void addSharedGradient(Tensor dShared, Tensor dGate, Tensor dy, Tensor shared, Tensor gate) {
        for (int t = 0; t < dy.rows(); t++) {
            double open = Scalar.sigmoid(at(gate, t, 0));
            double sum = 0;
            for (int d = 0; d < dy.columns(); d++) {
                sum += (double) at(dy, t, d) * at(shared, t, d);
                plus(dShared, t, d, open * at(dy, t, d));
            }
            plus(dGate, t, 0, open * (1 - open) * sum);
        }
    }
}
