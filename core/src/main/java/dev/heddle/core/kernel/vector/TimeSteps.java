package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.StateSpaceDual.Shape;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;

/// Time steps δ[t] = clamp(softplus(dt[t,h] + dtBias[h])) and decays α[t] = exp(δ[t]·a[h]) of a head, for up to
/// [Decays#BLOCK] rows.
record TimeSteps(Shape shape, Tensor dt, Optional<Tensor> dtBias, Tensor a) {
    /// Bytes that [#compute] writes.
    static final long BYTES = 2 * Decays.ROW;

    /// Writes δ of rows `from` to `to` at `target`, α at `target` + [Decays#ROW].
    void compute(int head, int from, int to, long target) {
        int rows = to - from;
        for (int t = 0; t < rows; t++) {
            Memory.f32(target + 4L * t, raw(head, from + t));
        }
        for (int t = rows; t < Decays.BLOCK; t++) {
            Memory.f32(target + 4L * t, 0);
        }
        float rate = a.get(head);
        for (int t = 0; t < rows; t += Lanes.COUNT) {
            FloatVector v = VectorMath.softplus(Lanes.load(target + 4L * t)).max(shape.dtMin()).min(shape.dtMax());
            Lanes.store(v, target + 4L * t);
            Lanes.store(VectorMath.exp(v.mul(rate)), target + Decays.ROW + 4L * t);
        }
    }

    /// dt + dtBias.
    float raw(int head, int t) {
        return Memory.f32(dt.address(t) + 4L * head) + (dtBias.isEmpty() ? 0 : dtBias.get().get(head));
    }
}
