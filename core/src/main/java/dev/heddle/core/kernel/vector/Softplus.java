package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// x ← ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|) for vectors in memory, within 2 ulp: the time steps of recurrences.
///
/// The exponential is that of [Decays], the logarithm that of [VectorMath#log1p(FloatVector)], spelt out in one method:
/// a call of either would be left a call wherever the compiler finds its caller large enough, and would then make objects
/// of the vectors.
final class Softplus {
    private Softplus() {
    }

    /// Replaces `count` numbers from address `x` on, and what follows up to a whole vector.
    static void apply(long x, int count) {
        for (int i = 0; i < count; i += Lanes.COUNT) {
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, x + 4L * i, ORDER);
            // f = e^−|x| = 2ⁿ·2^r
            FloatVector a = v.abs().neg();
            FloatVector m = a.fma(FloatVector.broadcast(F, Decays.LOG2_E), FloatVector.broadcast(F, Decays.ROUND));
            FloatVector r = a.fma(FloatVector.broadcast(F, Decays.LOG2_E), FloatVector.broadcast(F, Decays.ROUND).sub(m));
            FloatVector f = r.fma(FloatVector.broadcast(F, Decays.C6), FloatVector.broadcast(F, Decays.C5));
            f = f.fma(r, FloatVector.broadcast(F, Decays.C4));
            f = f.fma(r, FloatVector.broadcast(F, Decays.C3));
            f = f.fma(r, FloatVector.broadcast(F, Decays.C2));
            f = f.fma(r, FloatVector.broadcast(F, Decays.C1));
            f = f.fma(r, FloatVector.broadcast(F, 1));
            IntVector n = m.reinterpretAsInts().max(Decays.LEAST).lanewise(VectorOperators.LSHL, 23);
            f = f.reinterpretAsInts().add(n).reinterpretAsFloats();
            // ln(1 + f) = f − (f²/2 − s·(f²/2 + R)), s = f/(2 + f), R = 2·(atanh(s)/s − 1)
            FloatVector s = f.div(f.add(2f));
            FloatVector z = s.mul(s);
            FloatVector p = z.fma(FloatVector.broadcast(F, 0x1.f08af8p-4f), FloatVector.broadcast(F, 0x1.b72bb8p-4f));
            p = p.fma(z, FloatVector.broadcast(F, 0x1.250510p-3f));
            p = p.fma(z, FloatVector.broadcast(F, 0x1.9996d8p-3f));
            p = p.fma(z, FloatVector.broadcast(F, 0x1.555558p-2f));
            FloatVector half = f.mul(0.5f).mul(f);
            FloatVector log = f.sub(half.sub(s.mul(p.fma(z.add(z), half))));
            log.add(v.add(v.abs()).mul(0.5f)).intoMemorySegment(ALL, x + 4L * i, ORDER);
        }
    }
}
