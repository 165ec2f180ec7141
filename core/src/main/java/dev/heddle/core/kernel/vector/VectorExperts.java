package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.Experts;
import dev.heddle.core.kernel.plain.PlainExperts;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// [Experts] on the Vector API. The products of all experts are one fork. Routing, a few numbers for each row, is
/// the plain kernel's, with the rows shared among threads.
public final class VectorExperts implements Experts {
    private final Workers workers;
    private final VectorMatrixProduct products;
    private final Experts plain;

    public VectorExperts(Workers workers, VectorMatrixProduct products) {
        this.workers = workers;
        this.products = products;
        plain = new PlainExperts(products);
    }

    private static int id(Tensor x, long index) {
        return Memory.i32(x.address() + 4L * index);
    }

    private static int grain(int columns) {
        return Math.ceilDiv(Stretches.LIGHT, Math.max(1, columns));
    }

    @Override
    public void choose(Tensor ids, Tensor weights, Tensor scores, Optional<Tensor> choiceBias, Router router) {
        workers.forRange(scores.rows(), grain(64 * scores.columns()), (from, to) -> plain.choose(ids.rowRange(from, to),
                weights.rowRange(from, to), scores.rowRange(from, to), choiceBias, router));
    }

    @Override
    public void chooseGradient(Tensor dScores, Tensor dWeights, Tensor scores, Tensor ids, Router router) {
        workers.forRange(scores.rows(), grain(64 * scores.columns()), (from, to) -> plain.chooseGradient(
                dScores.rowRange(from, to), dWeights.rowRange(from, to), scores.rowRange(from, to), ids.rowRange(from, to),
                router));
    }

    @Override
    public void group(Tensor order, Tensor place, Tensor offsets, Tensor ids) {
        plain.group(order, place, offsets, ids);
    }

    @Override
    public void placeAmongAll(Tensor place, Tensor ids) {
        plain.placeAmongAll(place, ids);
    }

    @Override
    public void gather(Tensor y, Tensor x, Tensor order, int active) {
        Stretches.each(workers, y.rows(), y.columns(), Stretches.LIGHT, (i, d, n) ->
                Memory.copy(y.address(i) + 4L * d, x.address(id(order, i) / active) + 4L * d, 4L * n));
    }

    @Override
    public void gatherGradient(Tensor dx, Tensor dy, Tensor place, int active) {
        Stretches.each(workers, dx.rows(), dx.columns(), Stretches.LIGHT, (t, d, n) -> {
            long to = dx.address(t) + 4L * d;
            for (int j = 0; j < active; j++) {
                Arithmetic.add(to, to, dy.address(id(place, (long) t * active + j)) + 4L * d, n);
            }
        });
    }

    @Override
    public void product(Tensor y, Tensor x, Tensor offsets, Tensor[] weights) {
        int[] starts = new int[weights.length + 1];
        for (int e = 0; e <= weights.length; e++) {
            starts[e] = id(offsets, e);
        }
        products.grouped(y, x, starts, weights);
    }

    @Override
    public void inputGradient(Tensor dx, Tensor dy, Tensor offsets, Tensor[] weights) {
        plain.inputGradient(dx, dy, offsets, weights);
    }

    @Override
    public void weightGradient(Tensor[] dWeights, Tensor dy, Tensor x, Tensor offsets) {
        plain.weightGradient(dWeights, dy, x, offsets);
    }

    @Override
    public void scatter(Tensor y, Tensor x, Tensor place, Tensor weights) {
        int active = weights.columns();
        Stretches.each(workers, y.rows(), y.columns(), Stretches.LIGHT, (t, d, n) -> {
            long to = y.address(t) + 4L * d;
            for (int j = 0; j < active; j++) {
                float weight = Memory.f32(weights.address(t) + 4L * j);
                long from = x.address(id(place, (long) t * active + j)) + 4L * d;
                if (j == 0) {
                    Arithmetic.scale(to, from, weight, n);
                } else {
                    Arithmetic.add(to, to, from, weight, n);
                }
            }
        });
    }

    @Override
    public void scatterGradient(Tensor dx, Tensor dWeights, Tensor dy, Tensor x, Tensor place, Tensor weights) {
        int active = weights.columns();
        int columns = dy.columns();
        workers.forRange(dy.rows(), grain(columns * active), (from, to) -> {
            for (int t = from; t < to; t++) {
                long out = dy.address(t);
                for (int j = 0; j < active; j++) {
                    int i = id(place, (long) t * active + j);
                    Arithmetic.add(dx.address(i), dx.address(i), out, Memory.f32(weights.address(t) + 4L * j), columns);
                    long dw = dWeights.address(t) + 4L * j;
                    Memory.f32(dw, Memory.f32(dw) + NormRows.dot(out, x.address(i), columns));
                }
            }
        });
    }

    @Override
    public void addShared(Tensor y, Tensor routed, Tensor shared, Tensor gate) {
        workers.forRange(y.rows(), grain(y.columns()), (from, to) -> {
            for (int t = from; t < to; t++) {
                float open = VectorMath.sigmoid(Memory.f32(gate.address(t)));
                Arithmetic.add(y.address(t), routed.address(t), shared.address(t), open, y.columns());
            }
        });
    }

    @Override
    public void addSharedGradient(Tensor dShared, Tensor dGate, Tensor dy, Tensor shared, Tensor gate) {
        workers.forRange(dy.rows(), grain(dy.columns()), (from, to) -> {
            for (int t = from; t < to; t++) {
                float open = VectorMath.sigmoid(Memory.f32(gate.address(t)));
                float sum = NormRows.dot(dy.address(t), shared.address(t), dy.columns());
                Arithmetic.add(dShared.address(t), dShared.address(t), dy.address(t), open, dy.columns());
                Memory.f32(dGate.address(t), Memory.f32(dGate.address(t)) + open * (1 - open) * sum);
            }
        });
    }
}
