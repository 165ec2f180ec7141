package dev.heddle.core.model;

import dev.heddle.core.autograd.Tape;
import dev.heddle.core.layer.Backbone;
import dev.heddle.core.layer.FeatureMap;
import dev.heddle.core.layer.Inventory;
import dev.heddle.core.layer.ParameterSource;
import dev.heddle.core.layer.Scope;
import dev.heddle.core.op.Linear;
import dev.heddle.core.pass.Executor;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.ImageModelSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// An image classifier built from its specification: backbone and head, from the layers and operations of [Model].
///
/// Parameters: those of the backbone, `head.weight` [classes, features], `head.bias` [classes].
public final class ImageModel {
    private final ImageModelSpec spec;
    private final Map<String, Tensor> parameters = new LinkedHashMap<>();
    private final Map<String, Tensor> buffers = new LinkedHashMap<>();
    private final Inventory inventory = new Inventory();
    private final Backbone backbone;
    private final Tensor head;
    private final Tensor headBias;

    /// Asks `source` for every parameter the specification implies, each once.
    public ImageModel(ImageModelSpec spec, ParameterSource source) {
        this.spec = spec;
        ParameterSource once = (name, kind, shape) -> (kind == ParameterSource.Kind.BUFFER ? buffers : parameters)
                .computeIfAbsent(name, n -> source.parameter(n, kind, shape));
        Scope root = Scope.imageRoot(spec.backbone().features(), once, inventory);
        backbone = Backbone.build(spec, root);
        head = root.matrix("head.weight", spec.classes(), spec.backbone().features());
        headBias = root.small("head.bias", spec.classes());
    }

    public ImageModelSpec spec() {
        return spec;
    }

    /// All parameters by name.
    public Map<String, Tensor> parameters() {
        return Collections.unmodifiableMap(parameters);
    }

    /// All values that are read and not trained, by name: the statistics of batch norms.
    public Map<String, Tensor> buffers() {
        return Collections.unmodifiableMap(buffers);
    }

    /// Every layer of the blocks and who owns each parameter; stem, convolutions, class token and head belong to the
    /// model itself.
    public Inventory inventory() {
        return inventory;
    }

    /// Logits [B, classes]. The tensor is the pass's own: read it before the next pass begins.
    public Tensor logits(Pass pass, FeatureMap pixels) {
        if (pixels.x().columns() != spec.channels()) {
            throw new IllegalArgumentException("images have " + pixels.x().columns() + " channels, this model takes "
                    + spec.channels());
        }
        return Linear.apply(pass, backbone.features(pass, pixels), head, Optional.of(headBias));
    }

    /// Logits of a batch, image after image.
    public float[] logits(Executor executor, ImageBatch batch) {
        FeatureMap pixels = batch.place(executor.backend());
        try {
            return executor.backend().read(logits(pass(executor, pixels, Optional.empty()), pixels));
        } finally {
            executor.backend().free(pixels.x().storage());
        }
    }

    static Pass pass(Executor executor, FeatureMap pixels, Optional<Tape> tape) {
        return Pass.stateless(executor, FeatureMap.segments(pixels.images(), pixels.height() * pixels.width()), tape);
    }
}
