package dev.heddle.core.layer;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// A built layer: parameters in place, states registered.
public interface Layer {
    /// Under this key every pass publishes the embedded rows [T, D].
    String EMBEDDED = "embedded";

    /// Maps the rows [T, D] of a pass. The input is read only, except by residuals, which add to their stream in
    /// place when there is no tape.
    Tensor forward(Pass pass, Tensor x);
}
