package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

import dev.heddle.core.kernel.BidirectionalAttention;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.plain.PlainBidirectionalAttention;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// [BidirectionalAttention] on the Vector API. Threads share the heads of all segments; a head turns its keys round once,
/// so that vectors run over keys for the scores and over columns for the values. The gradient is the plain kernel's.
public final class VectorBidirectionalAttention implements BidirectionalAttention {
    private final Workers workers;
    private final BidirectionalAttention plain = new PlainBidirectionalAttention();
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    public VectorBidirectionalAttention(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void forward(Shape shape, Tensor y, Tensor q, Tensor k, Tensor v, Segments segments) {
        workers.forRange(segments.count() * shape.heads(), 1, (from, to) -> {
            for (int i = from; i < to; i++) {
                head(shape, y, q, k, v, segments.start(i / shape.heads()), segments.length(i / shape.heads()), i % shape.heads());
            }
        });
    }

    private void head(Shape shape, Tensor y, Tensor q, Tensor k, Tensor v, int start, int n, int h) {
        int dim = shape.headDim();
        int padded = Rows.padded(n);
        long column = 4L * h * dim;
        long keys = scratch.get().address(4L * padded * (dim + 1));
        long scores = keys + 4L * padded * dim;
        for (int i = 0; i < dim; i++) {
            for (int s = 0; s < padded; s++) {
                Memory.f32(keys + 4L * (i * padded + s), s < n ? Memory.f32(k.address(start + s) + column + 4L * i) : 0);
            }
        }
        for (int t = start; t < start + n; t++) {
            score(scores, q.address(t) + column, keys, padded, dim, shape.scale());
            float max = SoftmaxRows.max(scores, n);
            float sum = exp(scores, max, n);
            mix(y.address(t) + column, scores, v.address(start) + column, v.rowBytes(), n, dim, sum);
        }
    }

    /// scores[s] = scale · Σ_i q[i] · keys[i,s].
    private static void score(long scores, long q, long keys, int padded, int dim, float scale) {
        for (int s = 0; s < padded; s += Lanes.COUNT) {
            FloatVector sum = Lanes.zero();
            for (int i = 0; i < dim; i++) {
                sum = load(keys + 4L * (i * padded + s)).fma(Lanes.of(Memory.f32(q + 4L * i)), sum);
            }
            store(sum.mul(scale), scores + 4L * s);
        }
    }

    /// x[s] = e^(x[s] − max); returns their sum.
    private static float exp(long x, float max, int n) {
        FloatVector sum = Lanes.zero();
        for (int s = 0; s < n; s += Lanes.COUNT) {
            FloatVector e = Lanes.zero().blend(VectorMath.exp(load(x + 4L * s).sub(max)), Lanes.first(n - s));
            store(e, x + 4L * s);
            sum = sum.add(e);
        }
        return Lanes.sum(sum);
    }

    /// y[j] = Σ_s weights[s] · v[s,j] / sum.
    private static void mix(long y, long weights, long v, long vBytes, int n, int dim, float sum) {
        for (int j = 0; j < dim; j += Lanes.COUNT) {
            VectorMask<Float> mask = Lanes.first(dim - j);
            FloatVector out = Lanes.zero();
            for (int s = 0; s < n; s++) {
                out = load(v + s * vBytes + 4L * j, mask).fma(Lanes.of(Memory.f32(weights + 4L * s)), out);
            }
            store(out.div(sum), y + 4L * j, mask);
        }
    }

    @Override
    public void backward(Shape shape, Tensor dq, Tensor dk, Tensor dv, Tensor dy, Tensor q, Tensor k, Tensor v,
            Segments segments) {
        plain.backward(shape, dq, dk, dv, dy, q, k, v, segments);
    }
}
