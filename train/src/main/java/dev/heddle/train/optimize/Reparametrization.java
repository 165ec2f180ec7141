package dev.heddle.train.optimize;

import dev.heddle.core.autograd.Tape;
import dev.heddle.core.tensor.Tensor;
import java.util.function.Function;

/// Weights that a model computes with and that follow from others, which are what is trained.
public interface Reparametrization {
    /// Makes `tape` gather the gradients of the weights that follow.
    void gather(Tape tape);

    /// Forgets what has been gathered.
    void clear();

    /// Adds what has been gathered to the gradients of the trained parameters, by the chain rule.
    ///
    /// @param gradients the gradient of a trained parameter by name
    void pullBack(Function<String, Tensor> gradients);

    /// Computes the weights anew from the trained parameters.
    void apply();
}
