package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

import dev.heddle.core.kernel.LinearAttention;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.plain.PlainLinearAttention;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// [LinearAttention] on the Vector API: vectors run over the columns of a head's sums, threads share the heads of all
/// segments. States are updated where they lie, so that it does not matter where a pass ends. The gradient is the plain
/// kernel's.
public final class VectorLinearAttention implements LinearAttention {
    private final Workers workers;
    private final LinearAttention plain = new PlainLinearAttention();

    public VectorLinearAttention(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void forward(Shape shape, Tensor y, Tensor q, Tensor k, Tensor v, Tensor state, Segments segments) {
        int kd = shape.keyDim();
        int vd = shape.valueDim();
        workers.forRange(segments.count() * shape.heads(), 1, (from, to) -> {
            for (int piece = from; piece < to; piece++) {
                int s = piece / shape.heads();
                int h = piece % shape.heads();
                long sums = state.address(segments.slots()[s]) + 4L * h * kd * vd;
                long keys = state.address(segments.slots()[s]) + 4L * (shape.heads() * kd * vd + h * kd);
                for (int t = segments.start(s); t < segments.end(s); t++) {
                    long qt = q.address(t) + 4L * h * kd;
                    long kt = k.address(t) + 4L * h * kd;
                    float divisor = divisor(keys, qt, kt, kd) + shape.epsilon();
                    step(y.address(t) + 4L * h * vd, sums, qt, kt, v.address(t) + 4L * h * vd, kd, vd,
                            shape.normalised() ? divisor : 1);
                }
            }
        });
    }

    /// z += k; returns Σ_i q[i]·z[i].
    private static float divisor(long z, long q, long k, int n) {
        FloatVector sum = Lanes.zero();
        for (int i = 0; i < n; i += Lanes.COUNT) {
            VectorMask<Float> mask = Lanes.first(n - i);
            FloatVector next = load(z + 4L * i, mask).add(load(k + 4L * i, mask));
            store(next, z + 4L * i, mask);
            sum = next.fma(load(q + 4L * i, mask), sum);
        }
        return Lanes.sum(sum);
    }

    /// S[i,j] += k[i]·v[j]; y[j] = Σ_i q[i]·S[i,j] / divisor.
    private static void step(long y, long sums, long q, long k, long v, int kd, int vd, float divisor) {
        for (int j = 0; j < vd; j += Lanes.COUNT) {
            VectorMask<Float> mask = Lanes.first(vd - j);
            FloatVector value = load(v + 4L * j, mask);
            FloatVector out = Lanes.zero();
            for (int i = 0; i < kd; i++) {
                long at = sums + 4L * ((long) i * vd + j);
                FloatVector next = value.fma(Lanes.of(Memory.f32(k + 4L * i)), load(at, mask));
                store(next, at, mask);
                out = next.fma(Lanes.of(Memory.f32(q + 4L * i)), out);
            }
            store(out.div(divisor), y + 4L * j, mask);
        }
    }

    @Override
    public void backward(Shape shape, Gradients gradients, Tensor dy, Tensor q, Tensor k, Tensor v, Tensor initialState,
            Segments segments) {
        plain.backward(shape, gradients, dy, q, k, v, initialState, segments);
    }
}
