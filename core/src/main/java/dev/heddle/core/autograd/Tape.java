package dev.heddle.core.autograd;

import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

/// What reverse-mode differentiation has to undo: operations append their backward steps while they run forward,
/// [#backward] runs them in reverse. Every backward adds to the gradients of its inputs, so a value used twice
/// receives both parts.
///
/// Gradients belong to whole tensors: the gradient of a view is the same view of its base's gradient, so
/// splitting a projection costs nothing on the way back.
public final class Tape {
    private final List<Runnable> steps = new ArrayList<>();
    private final Map<Tensor, Tensor> gradients = new IdentityHashMap<>();
    private final BiFunction<Integer, Integer, Tensor> zeros;

    /// @param zeros makes a zeroed f32 tensor [rows, columns]
    public Tape(BiFunction<Integer, Integer, Tensor> zeros) {
        this.zeros = zeros;
    }

    /// Appends a backward step.
    public void record(Runnable backward) {
        steps.add(backward);
    }

    /// The f32 tensor that gathers d loss / d `x`, zero until something adds to it; of rank 2 for a base.
    public Tensor gradient(Tensor x) {
        Tensor base = x.base();
        Tensor whole = gradients.computeIfAbsent(base, b -> zeros.apply(b.rows(), b.columns()));
        return x == base ? whole : x.sameViewOf(whole);
    }

    /// The gradient of `x` if anything has added to it.
    public Optional<Tensor> gathered(Tensor x) {
        Tensor whole = gradients.get(x.base());
        if (whole == null) {
            return Optional.empty();
        }
        return Optional.of(x == x.base() ? whole : x.sameViewOf(whole));
    }

    /// Runs all steps in reverse and forgets them. The gradient of the loss must have been set before.
    public void backward() {
        for (int i = steps.size() - 1; i >= 0; i--) {
            steps.get(i).run();
        }
        steps.clear();
    }

    /// Type of every gradient.
    public static DType type() {
        return DType.F32;
    }
}
