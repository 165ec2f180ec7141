package dev.heddle.train.initialize;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.layer.Initial;
import dev.heddle.core.layer.Inventory;
import dev.heddle.core.model.Model;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.train.TrainableParameters;
import java.util.Map;
import java.util.SplittableRandom;

/// Fills a new model's parameters as its layers say ([Initial]).
public final class Initialization {
    private final long seed;

    public Initialization(long seed) {
        this.seed = seed;
    }

    /// Overwrites every parameter of `model`. Each parameter draws from a stream of its own, so a change of one layer
    /// leaves the others as they were.
    public void apply(Model model, Backend backend) {
        model.inventory().parameters().keySet().forEach(name ->
                TrainableParameters.write(backend, model.parameters().get(name), values(model, name)));
    }

    /// What one parameter of a model begins with, row by row; the model needs no memory.
    public float[] values(Model model, String name) {
        Map<String, Inventory.Owned> owned = model.inventory().parameters();
        Tensor tensor = model.parameters().get(name);
        float[] values = new float[Math.toIntExact(tensor.elements())];
        Initial initial = owned.get(name).initial();
        initial.fill(values, tensor.shape(), new SplittableRandom(seed * 0x9E3779B97F4A7C15L ^ name.hashCode() * 0xBF58476D1CE4E5B9L));
        if (initial == Initial.RESIDUAL) {
            double writes = owned.values().stream().filter(parameter -> parameter.initial() == Initial.RESIDUAL).count();
            for (int i = 0; i < values.length; i++) {
                values[i] /= (float) Math.sqrt(writes);
            }
        }
        return values;
    }
}
