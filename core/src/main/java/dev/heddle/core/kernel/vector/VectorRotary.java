package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

import dev.heddle.core.kernel.Rotary;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/// [Rotary] on the Vector API. The table's cosines and sines are those of `Math`, in double precision.
public final class VectorRotary implements Rotary {
    /// Lane 2i takes lane 2i + 1 and the other way round.
    private static final VectorShuffle<Float> SWAPPED = VectorShuffle.fromOp(Lanes.F, lane -> lane ^ 1);
    /// Lanes 2i and 2i + 1 take lane i.
    private static final VectorShuffle<Float> DOUBLED = VectorShuffle.fromOp(Lanes.F, lane -> lane / 2);
    private static final VectorMask<Float> EVEN = VectorMask.fromLong(Lanes.F, 0x5555555555555555L);

    private final Workers workers;

    public VectorRotary(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void table(Tensor cos, Tensor sin, float[] frequencies, float attentionFactor, Segments segments) {
        workers.forRange(segments.rows(), Math.ceilDiv(512, Math.max(1, frequencies.length)), (from, to) -> {
            int s = segments.of(from);
            for (int t = from; t < to; t++) {
                while (t >= segments.end(s)) {
                    s++;
                }
                float position = segments.positions()[s] + t - segments.start(s);
                for (int i = 0; i < frequencies.length; i++) {
                    float angle = position * frequencies[i];
                    Memory.f32(cos.address(t) + 4L * i, (float) Math.cos(angle) * attentionFactor);
                    Memory.f32(sin.address(t) + 4L * i, (float) Math.sin(angle) * attentionFactor);
                }
            }
        });
    }

    @Override
    public void rotate(Tensor y, Tensor x, Tensor cos, Tensor sin, int heads, boolean interleaved, boolean inverse) {
        int width = x.columns() / heads;
        int half = cos.columns();
        int grain = Math.ceilDiv(Stretches.LIGHT / 2, Math.max(1, x.columns()));
        float sign = inverse ? -1 : 1;
        workers.forRange(x.rows(), grain, (from, to) -> {
            for (int t = from; t < to; t++) {
                for (int h = 0; h < heads; h++) {
                    long in = x.address(t) + 4L * h * width;
                    long out = y.address(t) + 4L * h * width;
                    if (interleaved) {
                        pairs(out, in, cos.address(t), sin.address(t), sign, half);
                    } else {
                        halves(out, in, cos.address(t), sin.address(t), sign, half);
                    }
                    if (2 * half < width && in != out) {
                        Memory.copy(out + 8L * half, in + 8L * half, 4L * (width - 2 * half));
                    }
                }
            }
        });
    }

    /// Turns x[i] and x[i + n].
    private static void halves(long y, long x, long cos, long sin, float sign, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            FloatVector a = load(x + 4L * i);
            FloatVector b = load(x + 4L * (i + n));
            FloatVector c = load(cos + 4L * i);
            FloatVector s = load(sin + 4L * i).mul(sign);
            store(a.mul(c).sub(b.mul(s)), y + 4L * i);
            store(b.mul(c).add(a.mul(s)), y + 4L * (i + n));
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            FloatVector a = load(x + 4L * whole, rest);
            FloatVector b = load(x + 4L * (whole + n), rest);
            FloatVector c = load(cos + 4L * whole, rest);
            FloatVector s = load(sin + 4L * whole, rest).mul(sign);
            store(a.mul(c).sub(b.mul(s)), y + 4L * whole, rest);
            store(b.mul(c).add(a.mul(s)), y + 4L * (whole + n), rest);
        }
    }

    /// Turns x[2i] and x[2i + 1].
    private static void pairs(long y, long x, long cos, long sin, float sign, int n) {
        for (int i = 0; i < n; i += Lanes.COUNT / 2) {
            int count = Math.min(Lanes.COUNT / 2, n - i);
            VectorMask<Float> angles = Lanes.first(count);
            VectorMask<Float> values = Lanes.first(2 * count);
            FloatVector v = load(x + 8L * i, values);
            FloatVector c = load(cos + 4L * i, angles).rearrange(DOUBLED);
            FloatVector s = load(sin + 4L * i, angles).rearrange(DOUBLED).mul(sign);
            FloatVector turned = v.rearrange(SWAPPED).mul(s.blend(s.neg(), EVEN));
            store(v.mul(c).add(turned), y + 8L * i, values);
        }
    }
}
