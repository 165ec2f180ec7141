package dev.heddle.core.model;

import dev.heddle.core.autograd.Tape;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.layer.FeatureMap;
import dev.heddle.core.op.CrossEntropy;
import dev.heddle.core.pass.Executor;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// The cross-entropy of a batch of labelled images and its gradient towards every parameter; what [Differentiation] is for
/// language models.
public final class ImageDifferentiation implements AutoCloseable {
    private final ImageModel model;
    private final Backend backend;
    private final Executor executor;
    private final Tape tape;
    private final float loss;

    /// Runs forward and backward; the loss is the mean over the images.
    ///
    /// @param labels the class of each image
    public ImageDifferentiation(ImageModel model, Backend backend, ImageBatch batch, int[] labels) {
        if (labels.length != batch.images()) {
            throw new IllegalArgumentException(labels.length + " labels for " + batch.images() + " images");
        }
        for (int label : labels) {
            if (label < 0 || label >= model.spec().classes()) {
                throw new IllegalArgumentException("label " + label + " is outside the " + model.spec().classes() + " classes");
            }
        }
        this.model = model;
        this.backend = backend;
        executor = new Executor(backend);
        tape = new Tape((rows, columns) -> {
            Tensor zeros = executor.workspace().take(DType.F32, rows, columns);
            backend.fill(zeros, 0);
            return zeros;
        });
        FeatureMap pixels = batch.place(backend);
        loss = run(pixels, labels);
        backend.free(pixels.x().storage());
    }

    private float run(FeatureMap pixels, int[] labels) {
        Pass pass = ImageModel.pass(executor, pixels, Optional.of(tape));
        Tensor losses = CrossEntropy.apply(pass, model.logits(pass, pixels), labels);
        double sum = 0;
        for (float one : backend.read(losses)) {
            sum += one;
        }
        backend.fill(tape.gradient(losses), 1f / labels.length);
        tape.backward();
        return (float) (sum / labels.length);
    }

    /// Mean loss in nats.
    public float loss() {
        return loss;
    }

    /// d loss / d parameter or buffer, row by row; empty if the loss does not depend on it.
    public Optional<float[]> gradient(String parameter) {
        Tensor buffer = model.buffers().get(parameter);
        return tape.gathered(buffer == null ? model.parameters().get(parameter) : buffer).map(backend::read);
    }

    @Override
    public void close() {
        executor.close();
    }
}
