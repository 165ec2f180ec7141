package dev.heddle.engine.image;

import dev.heddle.checkpoint.family.ImageCheckpoint;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.model.ImageBatch;
import dev.heddle.core.model.ImageModel;
import dev.heddle.core.pass.Executor;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/// An image model ready to classify pictures on one device.
///
/// Not safe for use by several threads at a time.
public final class ImageClassifier implements AutoCloseable {
    /// @param index       number of the class
    /// @param label       what the checkpoint calls it, if it does
    /// @param probability softmax of the logits
    public record Prediction(int index, Optional<String> label, double probability) {
    }

    private final ImageModel model;
    private final Executor executor;
    private final IntFunction<Optional<String>> labels;

    private ImageClassifier(ImageModel model, Executor executor, IntFunction<Optional<String>> labels) {
        this.model = model;
        this.executor = executor;
        this.labels = labels;
    }

    /// The model of a checkpoint with its weights placed on `backend`.
    public static ImageClassifier load(ImageCheckpoint checkpoint, Backend backend) {
        ImageModel model = checkpoint.model(source -> (name, kind, shape) -> backend.place(source.parameter(name, kind, shape)));
        return new ImageClassifier(model, new Executor(backend), checkpoint::label);
    }

    public ImageModel model() {
        return model;
    }

    /// Logits of prepared images, one image in a pass so that memory stays that of one.
    public float[][] logits(ImageBatch batch) {
        float[][] logits = new float[batch.images()][];
        for (int b = 0; b < logits.length; b++) {
            logits[b] = model.logits(executor, batch.image(b));
        }
        return logits;
    }

    /// The `count` most probable classes of a picture, best first; ties to the lower number.
    public List<Prediction> classify(Picture picture, int count) {
        float[] logits = model.logits(executor, Preparation.prepare(picture, model.spec()));
        double max = IntStream.range(0, logits.length).mapToDouble(i -> logits[i]).max().orElseThrow();
        double sum = IntStream.range(0, logits.length).mapToDouble(i -> Math.exp(logits[i] - max)).sum();
        return IntStream.range(0, logits.length).boxed().sorted(Comparator.comparingDouble(i -> -logits[i])).limit(count)
                .map(i -> new Prediction(i, labels.apply(i), Math.exp(logits[i] - max) / sum)).toList();
    }

    @Override
    public void close() {
        executor.close();
    }
}
