package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Decays.LEAST;
import static dev.heddle.core.kernel.vector.Decays.LOG2_E;
import static dev.heddle.core.kernel.vector.Decays.ROUND;
import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// The selective scan of one row, as decoding has it, in the arithmetic of [VectorSelectiveScan]: state by state, for all channels of a
/// piece before the next state, so that states and rates, which are most of what is read, pass by in the order of memory.
final class SelectiveScanStep {
    private SelectiveScanStep() {
    }

    /// Scratch memory for `channels` channels.
    static long bytes(int channels) {
        return 3 * 4L * channels;
    }

    /// Channels `from` to `to`, whole vectors of them, of row `t`.
    ///
    /// @param state address of the row's state, [N, I]
    static void run(Tensor y, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a, Tensor b, Tensor c, Optional<Tensor> d,
            long state, int t, int from, int to, long scratch) {
        int n = to - from;
        long at = 4L * from;
        long delta = scratch;
        long u = delta + 4L * n;
        long out = u + 4L * n;
        if (dtBias.isPresent()) {
            Arithmetic.add(delta, dt.address(t) + at, dtBias.get().address() + at, n);
        } else {
            Memory.copy(delta, dt.address(t) + at, 4L * n);
        }
        Softplus.apply(delta, n);
        inputs(u, out, delta, x.address(t) + at, d.isEmpty() ? 0 : d.get().address() + at, n);
        for (int k = 0; k < a.rows(); k++) {
            advance(state + 4L * x.columns() * k + at, a.address(k) + at, delta, u, out, Memory.f32(b.address(t) + 4L * k),
                    Memory.f32(c.address(t) + 4L * k), n);
        }
        Memory.copy(y.address(t) + at, out, 4L * n);
    }

    /// u = δ·x, out = d·x.
    private static void inputs(long u, long out, long delta, long x, long d, int n) {
        for (int i = 0; i < n; i += COUNT) {
            FloatVector xi = FloatVector.fromMemorySegment(F, ALL, x + 4L * i & USER, ORDER);
            FloatVector.fromMemorySegment(F, ALL, delta + 4L * i & USER, ORDER).mul(xi).intoMemorySegment(ALL, u + 4L * i & USER, ORDER);
            FloatVector skip = d == 0 ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, d + 4L * i & USER, ORDER);
            xi.mul(skip).intoMemorySegment(ALL, out + 4L * i & USER, ORDER);
        }
    }

    /// One state: h ← e^(δ·a)·h + u·b; out += c·h. The exponential is that of [Decays], spelt out.
    private static void advance(long h, long a, long delta, long u, long out, float b, float c, int n) {
        FloatVector output = FloatVector.broadcast(F, c);
        for (int i = 0; i < n; i += COUNT) {
            long to = h + 4L * i & USER;
            long sum = out + 4L * i & USER;
            FloatVector x = FloatVector.fromMemorySegment(F, ALL, delta + 4L * i & USER, ORDER)
                    .mul(FloatVector.fromMemorySegment(F, ALL, a + 4L * i & USER, ORDER));
            FloatVector m = x.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUND));
            x = x.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUND).sub(m));
            FloatVector p = x.fma(FloatVector.broadcast(F, Decays.C6), FloatVector.broadcast(F, Decays.C5));
            p = p.fma(x, FloatVector.broadcast(F, Decays.C4));
            p = p.fma(x, FloatVector.broadcast(F, Decays.C3));
            p = p.fma(x, FloatVector.broadcast(F, Decays.C2));
            p = p.fma(x, FloatVector.broadcast(F, Decays.C1));
            p = p.fma(x, FloatVector.broadcast(F, 1));
            IntVector power = m.reinterpretAsInts().max(LEAST).lanewise(VectorOperators.LSHL, 23);
            FloatVector decay = p.reinterpretAsInts().add(power).reinterpretAsFloats();
            FloatVector s = decay.fma(FloatVector.fromMemorySegment(F, ALL, to, ORDER),
                    FloatVector.fromMemorySegment(F, ALL, u + 4L * i & USER, ORDER).mul(b));
            s.intoMemorySegment(ALL, to, ORDER);
            s.fma(output, FloatVector.fromMemorySegment(F, ALL, sum, ORDER)).intoMemorySegment(ALL, sum, ORDER);
        }
    }
}
