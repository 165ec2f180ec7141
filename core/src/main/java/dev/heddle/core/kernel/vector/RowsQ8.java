package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Memory;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Products of one activation row with q8_0 weights, read in place, in the order of [RowsQuantized].
final class RowsQ8 {
    private RowsQ8() {
    }

    /// y[o] = Σ_i x[i] · w[o,i] for `rows` rows of `rowBytes` bytes from `w`, one after the other so that memory is read as
    /// one stream.
    static void one(long y, long x, long w, long rowBytes, int rows, int inner) {
        for (int o = 0; o < rows; o++) {
            if (COUNT == 4) {
                narrow(y + 4L * o, x, w + o * rowBytes, inner);
            } else {
                row(y + 4L * o, x, w + o * rowBytes, inner);
            }
        }
    }

    /// The half-precision number at `block`, read as bytes: a byte is one load for the compiler, whatever it has counted.
    static float scale(long block) {
        return Float.float16ToFloat((short) (ALL.get(ValueLayout.JAVA_BYTE, block) & 0xff | ALL.get(ValueLayout.JAVA_BYTE, block + 1) << 8));
    }

    private static void row(long y, long x, long w, int inner) {
        FloatVector sum = FloatVector.zero(F);
        for (int i = 0; i < inner; i += 32) {
            long block = w & USER;
            FloatVector d = FloatVector.broadcast(F, scale(block));
            for (int j = 0; j < 32; j += 2 * COUNT) {
                long at = block + j & USER;
                long v = x + 4L * (i + j) & USER;
                FloatVector a = (FloatVector) ByteVector.fromMemorySegment(Lanes.B, ALL, at + 2, ORDER)
                        .convertShape(VectorOperators.B2F, F, 0);
                FloatVector b = (FloatVector) ByteVector.fromMemorySegment(Lanes.B, ALL, at + 2 + COUNT, ORDER)
                        .convertShape(VectorOperators.B2F, F, 0);
                a = a.mul(d).mul(FloatVector.fromMemorySegment(F, ALL, v, ORDER));
                sum = b.mul(d).fma(FloatVector.fromMemorySegment(F, ALL, v + 4 * COUNT, ORDER), a).add(sum);
            }
            w += 34;
        }
        Memory.f32(y, Lanes.sum(sum));
    }

    /// Where no vector is as narrow as four bytes.
    private static void narrow(long y, long x, long w, int inner) {
        FloatVector sum = Lanes.zero();
        for (int i = 0; i < inner; i += 32) {
            float d = Dequantize32.half(w);
            for (int j = 0; j < 32; j += 2 * COUNT) {
                FloatVector first = Lanes.loadBytes(w + 2 + j).mul(d).mul(Lanes.load(x + 4L * (i + j)));
                FloatVector second = Lanes.loadBytes(w + 2 + j + COUNT).mul(d);
                sum = second.fma(Lanes.load(x + 4L * (i + j + COUNT)), first).add(sum);
            }
            w += 34;
        }
        Memory.f32(y, Lanes.sum(sum));
    }
}
