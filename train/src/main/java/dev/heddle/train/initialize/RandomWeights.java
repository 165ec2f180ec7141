package dev.heddle.train.initialize;

import dev.heddle.core.model.Model;
import dev.heddle.core.model.ShapeOnly;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;

/// The weights of a new model, drawn one by one when they are asked for: those that [Initialization] gives a whole model of
/// this seed. Buffers are zero.
public final class RandomWeights {
    private final Model shapes;
    private final Initialization initialization;

    public RandomWeights(ModelSpec spec, long seed) {
        shapes = new Model(spec, new ShapeOnly(DType.F32));
        initialization = new Initialization(seed);
    }

    /// A parameter or buffer.
    ///
    /// @param arena holds it
    /// @throws IllegalArgumentException if it has more elements than an array can hold
    public Tensor tensor(String name, Arena arena) {
        Tensor buffer = shapes.buffers().get(name);
        if (buffer != null) {
            return Tensor.zeros(arena, DType.F32, buffer.shape());
        }
        Tensor shape = shapes.parameters().get(name);
        if (shape.elements() > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(name + " has " + shape.elements() + " elements, at most " + (Integer.MAX_VALUE - 8)
                    + " can be drawn");
        }
        return Tensor.of(arena, initialization.values(shapes, name), shape.shape());
    }
}
