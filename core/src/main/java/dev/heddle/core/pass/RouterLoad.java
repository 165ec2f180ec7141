package dev.heddle.core.pass;

import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// How a router of a pass that learns used its experts; the equations stand at [dev.heddle.core.kernel.LoadBalance].
///
/// @param load       share of the rows that chose each expert, [1, E]
/// @param balance    [1, 1]
/// @param choiceBias what the router adds for its choice, [E]
public record RouterLoad(Tensor load, Tensor balance, Optional<Tensor> choiceBias) {
}
