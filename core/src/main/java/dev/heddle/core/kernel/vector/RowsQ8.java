package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Dequantize32.half;
import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.loadBytes;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;

/// Products of one activation row with q8_0 weights, read in place and summed as at [RowsBfloat16].
///
/// An element takes four cycles of latency in its accumulator but one of work, so two rows go side by side: one from each
/// half of the run, so that memory is read as two long streams.
final class RowsQ8 {
    private RowsQ8() {
    }

    /// y[o] = Σ_i x[i] · w[o,i] for `rows` rows of `rowBytes` bytes from `w`.
    static void one(long y, long x, long w, long rowBytes, int rows, int inner) {
        for (int o = 0; o < rows; o++) {
            row(y + 4L * o, x, w + o * rowBytes, inner);
        }
    }

    private static void row(long y, long x, long w, int inner) {
        FloatVector sum = Lanes.zero();
        for (int i = 0; i < inner; i += 32) {
            float d = half(w);
            for (int j = 0; j < 32; j += 2 * COUNT) {
                FloatVector first = loadBytes(w + 2 + j).mul(d).mul(load(x + 4L * (i + j)));
                FloatVector second = loadBytes(w + 2 + j + COUNT).mul(d);
                sum = sum.add(second.fma(load(x + 4L * (i + j + COUNT)), first));
            }
            w += 34;
        }
        Memory.f32(y, Lanes.sum(sum));
    }
}
