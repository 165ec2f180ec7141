package dev.heddle.cli;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.weights.Safetensors;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.core.model.ImageBatch;
import dev.heddle.core.spec.ImageModelSpec;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/// A safetensors file with prepared images: `pixel_values` [B, C, height, width] and, if their classes are known, `labels`
/// [B], whole numbers.
record PixelFile(ImageBatch batch, Optional<int[]> labels) {
    /// @throws CheckpointException if the file does not hold images for this model
    static PixelFile read(Path file, ImageModelSpec spec) {
        try (WeightSource source = Safetensors.open(file)) {
            Tensor pixels = source.tensor("pixel_values");
            if (!pixels.dtype().isFloat() || pixels.rank() != 4 || pixels.dim(1) != spec.channels() || pixels.elements() == 0
                    || pixels.elements() > Integer.MAX_VALUE) {
                throw new CheckpointException(file + ": pixel_values is " + pixels + ", expected floating-point numbers [images, "
                        + spec.channels() + ", height, width]");
            }
            ImageBatch batch = new ImageBatch(pixels.toFloats(), (int) pixels.dim(0), (int) pixels.dim(1), (int) pixels.dim(2),
                    (int) pixels.dim(3));
            return new PixelFile(batch, source.contains("labels")
                    ? Optional.of(labels(file, source.tensor("labels"), batch.images(), spec.classes())) : Optional.empty());
        }
    }

    private static int[] labels(Path file, Tensor stored, int images, int classes) {
        if (stored.dtype() != DType.I64 && stored.dtype() != DType.I32 || stored.elements() != images) {
            throw new CheckpointException(file + ": labels is " + stored + ", expected one I64 or I32 for each of " + images + " images");
        }
        int[] labels = new int[images];
        Arrays.setAll(labels, b -> stored.dtype() == DType.I64 ? Math.toIntExact(Math.clamp(Memory.i64(stored.address() + 8L * b), -1, Integer.MAX_VALUE))
                : Memory.i32(stored.address() + 4L * b));
        for (int b = 0; b < images; b++) {
            if (labels[b] < 0 || labels[b] >= classes) {
                throw new CheckpointException(file + ": label " + b + " is outside the " + classes + " classes of this model");
            }
        }
        return labels;
    }
}
