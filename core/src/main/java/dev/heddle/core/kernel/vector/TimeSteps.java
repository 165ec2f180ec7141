package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;

import dev.heddle.core.kernel.StateSpaceDual.Shape;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;

/// Time steps δ[t] = clamp(softplus(dt[t,h] + dtBias[h])) and decays α[t] = exp(δ[t]·a[h]) of a head, for up to
/// [Decays#BLOCK] rows.
record TimeSteps(Shape shape, Tensor dt, Optional<Tensor> dtBias, Tensor a) {
    /// Bytes that [#compute] writes.
    static final long BYTES = 2 * Decays.ROW + 4L * Lanes.COUNT;

    /// Writes δ of rows `from` to `to` at `target`, α at `target` + [Decays#ROW].
    void compute(int head, int from, int to, long target) {
        int rows = to - from;
        for (int t = 0; t < rows; t++) {
            Memory.f32(target + 4L * t, raw(head, from + t));
        }
        for (int t = rows; t < Decays.BLOCK; t++) {
            Memory.f32(target + 4L * t, 0);
        }
        Softplus.apply(target, rows);
        for (int t = 0; t < rows; t += Lanes.COUNT) {
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, target + 4L * t, ORDER);
            v = v.max(shape.dtMin()).min(shape.dtMax());
            v.intoMemorySegment(ALL, target + 4L * t, ORDER);
        }
        long rate = target + 2 * Decays.ROW;
        FloatVector.broadcast(F, a.get(head)).intoMemorySegment(ALL, rate, ORDER);
        Decays.exp(target + Decays.ROW, target, rate, Math.ceilDiv(rows, Lanes.COUNT));
    }

    /// dt + dtBias.
    float raw(int head, int t) {
        return Memory.f32(dt.address(t) + 4L * head) + (dtBias.isEmpty() ? 0 : dtBias.get().get(head));
    }
}
