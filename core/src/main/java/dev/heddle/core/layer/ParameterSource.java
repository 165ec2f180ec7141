package dev.heddle.core.layer;

import dev.heddle.core.tensor.Tensor;

/// Where the parameters of a model come from: a checkpoint, random numbers, or nothing but shapes.
public interface ParameterSource {
    /// How a parameter is used, which decides how it may be stored.
    enum Kind {
        /// A matrix [O, I] that stays in its stored type and that rows are multiplied with.
        MATRIX,
        /// A matrix that stays in its stored type and of which single rows are read, never a product.
        TABLE,
        /// Anything small (norms, biases, convolutions, decays), held as f32.
        SMALL,
        /// A small value in f32 that no gradient trains (a router's choice bias); not counted among the parameters.
        BUFFER;

        /// Whether it may stay in the type it is stored in.
        public boolean staysStored() {
            return this == MATRIX || this == TABLE;
        }
    }

    /// @param name  its place in the model, `blocks.3.mixer.in_proj.weight`
    /// @param shape what the architecture demands
    /// @return a tensor of that shape
    Tensor parameter(String name, Kind kind, long... shape);
}
