package dev.heddle.core.autograd;

import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
    /// Tensors whose gradients this tape made itself, in the order it did.
    private final List<Tensor> made = new ArrayList<>();
    private final Set<Tensor> frozen = Collections.newSetFromMap(new IdentityHashMap<>());
    private final BiFunction<Integer, Integer, Tensor> zeros;
    private final Map<Tensor, BiFunction<Integer, Integer, Tensor>> lasting = new IdentityHashMap<>();

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
        Tensor whole = gradients.get(base);
        if (whole == null) {
            BiFunction<Integer, Integer, Tensor> own = lasting.get(base);
            whole = (own == null ? zeros : own).apply(base.rows(), base.columns());
            gradients.put(base, whole);
            if (own == null) {
                made.add(base);
            }
        }
        return x == base ? whole : x.sameViewOf(whole);
    }

    /// Says where the gradient of `x` gathers: a tensor that outlives the tape (parameters in training), or the gradient
    /// of another tensor with the same meaning.
    ///
    /// @param x        a base, not a view
    /// @param gradient f32 of as many elements; added to, never cleared
    public void provide(Tensor x, Tensor gradient) {
        gradients.put(x, gradient);
        frozen.remove(x);
    }

    /// Says that the gradient of `x`, if there is ever one, lasts as long as the tape, whatever [#backward(Mark)] forgets.
    ///
    /// @param x     a base, not a view
    /// @param zeros makes it
    public void keep(Tensor x, BiFunction<Integer, Integer, Tensor> zeros) {
        lasting.put(x, zeros);
    }

    /// Says that the gradient of `x` is of no use, so that operations need not compute it, unless a place for it is
    /// provided later.
    ///
    /// @param x a base, not a view
    public void freeze(Tensor x) {
        frozen.add(x);
    }

    /// Whether somebody wants the gradient of `x`.
    public boolean wants(Tensor x) {
        return !frozen.contains(x.base());
    }

    /// The gradient of `x` if anything has added to it.
    public Optional<Tensor> gathered(Tensor x) {
        Tensor whole = gradients.get(x.base());
        if (whole == null) {
            return Optional.empty();
        }
        return Optional.of(x == x.base() ? whole : x.sameViewOf(whole));
    }

    /// A place on the tape, for [#backward(Mark)].
    ///
    /// @param steps     backward steps recorded so far
    /// @param gradients gradients made so far
    public record Mark(int steps, int gradients) {
    }

    /// Where the tape stands.
    public Mark mark() {
        return new Mark(steps.size(), made.size());
    }

    /// Runs all steps in reverse and forgets them. The gradient of the loss must have been set before.
    public void backward() {
        while (!steps.isEmpty()) {
            steps.removeLast().run();
        }
    }

    /// Runs and forgets the steps recorded since `mark`, and forgets the gradients made since then, whose memory may be
    /// given back. What earlier tensors and provided gradients have gathered stays.
    public void backward(Mark mark) {
        while (steps.size() > mark.steps()) {
            steps.removeLast().run();
        }
        while (made.size() > mark.gradients()) {
            gradients.remove(made.removeLast());
        }
    }

    /// A tape whose steps are never run.
    public static Tape discarded() {
        return new Tape((_, _) -> {
            throw new IllegalStateException("this tape has no backward");
        });
    }

    /// Type of every gradient.
    public static DType type() {
        return DType.F32;
    }
}
