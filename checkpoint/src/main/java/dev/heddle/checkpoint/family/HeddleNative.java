package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.spec.SpecFile;
import dev.heddle.core.model.Model;
import dev.heddle.core.model.ShapeOnly;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.tensor.DType;

/// Heddle's own checkpoints, for architectures that no published family has: `config.json` holds `model_type: heddle`
/// and under `architecture` the specification itself; tensors are called like the model's parameters.
public final class HeddleNative implements Family {
    /// The `model_type`.
    public static final String NAME = "heddle";

    /// Where the configuration keeps the specification.
    public static final String ARCHITECTURE = "architecture";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(NAME);
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        if (!config.isSection(ARCHITECTURE)) {
            throw new CheckpointException(config.origin() + ": has no section \"" + ARCHITECTURE + "\" with the specification");
        }
        return SpecFile.parse(config.json().get(ARCHITECTURE).toString(), config.origin(), name);
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        bind(spec, binder);
    }

    /// Every parameter and buffer is the tensor of its name.
    static void bind(ModelSpec spec, Binder binder) {
        Model shapes = new Model(spec, new ShapeOnly(DType.F32));
        shapes.parameters().keySet().forEach(name -> binder.bind(name, name));
        shapes.buffers().keySet().forEach(name -> binder.bindBuffer(name, name));
    }
}
