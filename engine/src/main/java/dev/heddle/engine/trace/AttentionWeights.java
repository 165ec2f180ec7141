package dev.heddle.engine.trace;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.kernel.Attention;
import dev.heddle.core.kernel.KeyValues;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Storage;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;

/// The weights of an attention, as the kernel itself computes them: it is run once more on the same queries and keys with
/// unit vectors as values, e_s at position s, so that what it sums up, Σ_s weight(t, s)·e_s, are the weights. Whatever hides
/// or bends scores (windows, sinks, caps, slopes) is in them.
final class AttentionWeights {
    private final Backend backend;

    AttentionWeights(Backend backend) {
        this.backend = backend;
    }

    /// @param segments one sequence that begins at position 0
    Observation.Attention of(Attention kernel, Attention.Shape shape, Tensor q, KeyValues cache, Segments segments) {
        int rows = segments.rows();
        int width = shape.kvHeads() * rows;
        Attention.Shape units = new Attention.Shape(shape.heads(), shape.kvHeads(), shape.headDim(), rows, shape.scale(), shape.softcap(),
                shape.window(), shape.sinks(), shape.alibi());
        float[] vectors = new float[cache.values().rows() * width];
        int slot = segments.slots()[0];
        for (int s = 0; s < rows; s++) {
            if (cache.holds(slot, s)) {
                for (int g = 0; g < shape.kvHeads(); g++) {
                    vectors[(int) cache.row(slot, s) * width + g * rows + s] = 1;
                }
            }
        }
        Storage storage = backend.allocate(DType.F32.bytes((long) rows * shape.heads() * rows));
        try (Arena arena = Arena.ofConfined()) {
            Tensor values = backend.place(Tensor.of(arena, vectors, cache.values().rows(), width));
            Tensor y = Tensor.of(storage, 0, DType.F32, rows, (long) shape.heads() * rows);
            kernel.forward(units, y, q, new KeyValues(cache.keys(), values, cache.pages(), cache.pageRows()), segments);
            return new Observation.Attention(meanOverHeads(backend.read(y), rows, shape.heads()));
        } finally {
            backend.free(storage);
        }
    }

    private static float[][] meanOverHeads(float[] weights, int rows, int heads) {
        float[][] mean = new float[rows][rows];
        for (int t = 0; t < rows; t++) {
            for (int s = 0; s < rows; s++) {
                double sum = 0;
                for (int h = 0; h < heads; h++) {
                    sum += weights[(t * heads + h) * rows + s];
                }
                mean[t][s] = (float) (sum / heads);
            }
        }
        return mean;
    }
}
