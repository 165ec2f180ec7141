package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.weights.Safetensors;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.nio.file.Path;

/// The reference values of a fixture.
///
/// @param ids          [B][L] token ids
/// @param logits       [B][L·V] logits of a full forward
/// @param greedyIds    greedy continuation of the first 16 ids of the first sequence
/// @param greedyLogits [24·V] logits of each step
record Golden(int[][] ids, float[][] logits, int[] greedyIds, float[] greedyLogits, float loss, int vocabulary) {
    static Golden read(Path fixture) {
        try (WeightSource source = Safetensors.open(fixture.resolve("golden.safetensors"))) {
            Tensor ids = source.tensor("input_ids");
            int batch = (int) ids.dim(0);
            int length = (int) ids.dim(1);
            Tensor logits = source.tensor("logits");
            int vocabulary = logits.columns();
            int[][] rows = new int[batch][];
            float[][] expected = new float[batch][];
            for (int b = 0; b < batch; b++) {
                rows[b] = integers(ids.rowRange(b, b + 1L));
                expected[b] = logits.rowRange((long) b * length, (b + 1L) * length).toFloats();
            }
            return new Golden(rows, expected, integers(source.tensor("greedy_ids")),
                    source.tensor("greedy_logits").toFloats(), source.tensor("loss").get(0), vocabulary);
        }
    }

    private static int[] integers(Tensor tensor) {
        int[] values = new int[(int) tensor.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (int) Memory.i64(tensor.address() + 8L * i);
        }
        return values;
    }

    /// 2e-4 of the standard deviation of all reference logits.
    double tolerance() {
        double sum = 0;
        double squares = 0;
        long count = 0;
        for (float[] row : logits) {
            for (float x : row) {
                sum += x;
                squares += (double) x * x;
                count++;
            }
        }
        double mean = sum / count;
        return 2e-4 * Math.sqrt(squares / count - mean * mean);
    }
}
