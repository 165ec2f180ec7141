package dev.heddle.cli;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.family.ImageCheckpoint;
import dev.heddle.checkpoint.weights.SafetensorsWriter;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.model.ImageDifferentiation;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.engine.image.ImageClassifier;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/// Logits and gradients of image models, for the commands that compare implementations.
final class ImageComparison {
    private ImageComparison() {
    }

    /// Writes `logits` f32 [B, classes] and prints the mean cross-entropy if the labels are known.
    static void logits(Path model, Path pixels, Path output, Backend backend, PrintWriter out) {
        try (ImageCheckpoint checkpoint = ImageCheckpoint.open(model); ImageClassifier classifier = ImageClassifier.load(checkpoint, backend);
                Arena arena = Arena.ofConfined()) {
            int classes = checkpoint.spec().classes();
            PixelFile file = PixelFile.read(pixels, checkpoint.spec());
            float[][] logits = classifier.logits(file.batch());
            Tensor all = Tensor.zeros(arena, DType.F32, logits.length, classes);
            for (int b = 0; b < logits.length; b++) {
                all.rowRange(b, b + 1L).copyFrom(logits[b]);
            }
            SafetensorsWriter.write(output, Map.of("logits", all), Map.of());
            if (file.labels().isPresent()) {
                double sum = 0;
                for (int b = 0; b < logits.length; b++) {
                    sum += LogitsCommand.crossEntropy(logits[b], 0, classes, file.labels().get()[b]);
                }
                out.printf(Locale.ROOT, "cross-entropy %.6f nats over %d images%n", sum / logits.length, logits.length);
            } else {
                out.println("no labels in " + pixels);
            }
        }
    }

    /// Writes the gradient of the mean cross-entropy under the checkpoint's names, and prints loss and gradient norm.
    static void gradients(Path model, Path pixels, Path output, Backend backend, PrintWriter out) {
        try (ImageCheckpoint checkpoint = ImageCheckpoint.open(model); Arena arena = Arena.ofConfined()) {
            PixelFile file = PixelFile.read(pixels, checkpoint.spec());
            int[] labels = file.labels().orElseThrow(() -> new CheckpointException(pixels + ": a loss needs labels, one for each image"));
            try (ImageDifferentiation run = new ImageDifferentiation(checkpoint.model(), backend, file.batch(), labels)) {
                Map<String, Tensor> tensors = new LinkedHashMap<>();
                double squares = 0;
                for (Map.Entry<String, float[]> entry : checkpoint.gradients(run::gradient).entrySet()) {
                    tensors.put(entry.getKey(), Tensor.of(arena, entry.getValue(),
                            checkpoint.weights().tensor(entry.getKey()).shape()));
                    for (float g : entry.getValue()) {
                        squares += (double) g * g;
                    }
                }
                SafetensorsWriter.write(output, tensors, Map.of());
                out.printf(Locale.ROOT, "loss %.6f nats, gradient norm %.6f%n", run.loss(), Math.sqrt(squares));
            }
        }
    }
}
