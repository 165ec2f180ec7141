package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

import dev.heddle.core.kernel.KullbackLeibler;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// [KullbackLeibler] on the Vector API; threads share the rows. With m the largest logit and Z = Σ e^(x − m) of a row,
/// KL = Σ_v e^(a[v] − m_a)·(a[v] − b[v]) / Z_a + (m_b + log Z_b) − (m_a + log Z_a).
public final class VectorKullbackLeibler implements KullbackLeibler {
    /// Floats that are summed by themselves, which keeps the error of long sums small.
    private static final int RUN = 64 * Lanes.COUNT;

    private final Workers workers;

    public VectorKullbackLeibler(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void forward(Tensor loss, Tensor a, Tensor b) {
        int vocabulary = a.columns();
        workers.forRange(a.rows(), grain(vocabulary), (from, to) -> {
            for (int t = from; t < to; t++) {
                float maxA = SoftmaxRows.max(a.address(t), vocabulary);
                float maxB = SoftmaxRows.max(b.address(t), vocabulary);
                float sumA = SoftmaxRows.sumOfExp(a.address(t), maxA, vocabulary);
                float sumB = SoftmaxRows.sumOfExp(b.address(t), maxB, vocabulary);
                double moved = (double) differences(a.address(t), b.address(t), maxA, vocabulary) / sumA;
                double value = moved + (maxB + Math.log(sumB)) - (maxA + Math.log(sumA));
                Memory.f32(loss.address(t), (float) Math.max(0, value));
            }
        });
    }

    /// Σ_v e^(a[v] − max)·(a[v] − b[v]).
    private static float differences(long a, long b, float max, int n) {
        int whole = Lanes.whole(n);
        FloatVector sum = Lanes.zero();
        for (int from = 0; from < whole; from += RUN) {
            FloatVector run = Lanes.zero();
            int end = Math.min(from + RUN, whole);
            for (int i = from; i < end; i += Lanes.COUNT) {
                FloatVector x = load(a + 4L * i);
                run = VectorMath.exp(x.sub(max)).fma(x.sub(load(b + 4L * i)), run);
            }
            sum = sum.add(run);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            FloatVector x = load(a + 4L * whole, rest);
            FloatVector weighted = VectorMath.exp(x.sub(max)).mul(x.sub(load(b + 4L * whole, rest)));
            sum = sum.add(Lanes.zero().blend(weighted, rest));
        }
        return Lanes.sum(sum);
    }

    @Override
    public void backward(Tensor db, Tensor dLoss, Tensor a, Tensor b) {
        int vocabulary = a.columns();
        workers.forRange(a.rows(), grain(vocabulary), (from, to) -> {
            for (int t = from; t < to; t++) {
                float maxA = SoftmaxRows.max(a.address(t), vocabulary);
                float maxB = SoftmaxRows.max(b.address(t), vocabulary);
                float sumA = SoftmaxRows.sumOfExp(a.address(t), maxA, vocabulary);
                float sumB = SoftmaxRows.sumOfExp(b.address(t), maxB, vocabulary);
                add(db.address(t), a.address(t), b.address(t), maxA, 1 / sumA, maxB, 1 / sumB, Memory.f32(dLoss.address(t)), vocabulary);
            }
        });
    }

    /// db[v] += upstream·(e^(b[v] − maxB)·perB − e^(a[v] − maxA)·perA).
    private static void add(long db, long a, long b, float maxA, float perA, float maxB, float perB, float upstream, int n) {
        int whole = Lanes.whole(n);
        FloatVector factor = FloatVector.broadcast(F, upstream);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            FloatVector q = VectorMath.exp(load(b + 4L * i).sub(maxB)).mul(perB);
            FloatVector p = VectorMath.exp(load(a + 4L * i).sub(maxA)).mul(perA);
            store(q.sub(p).fma(factor, load(db + 4L * i)), db + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            FloatVector q = VectorMath.exp(load(b + 4L * whole, rest).sub(maxB)).mul(perB);
            FloatVector p = VectorMath.exp(load(a + 4L * whole, rest).sub(maxA)).mul(perA);
            store(q.sub(p).fma(factor, load(db + 4L * whole, rest)), db + 4L * whole, rest);
        }
    }

    private static int grain(int vocabulary) {
        return Math.ceilDiv(Stretches.HEAVY, Math.max(1, vocabulary));
    }
}
