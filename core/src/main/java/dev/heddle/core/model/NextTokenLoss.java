package dev.heddle.core.model;

import dev.heddle.core.autograd.Tape;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.op.CrossEntropy;
import dev.heddle.core.op.KullbackLeibler;
import dev.heddle.core.op.Scale;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Optional;

/// The cross-entropy of chosen rows of a pass with their targets, and its backward up to the rows before the head.
///
/// Logits exist for [#ROWS] rows at a time: each block runs forward and at once backward, so a batch of any size
/// needs ROWS × V numbers and never T × V.
public final class NextTokenLoss {
    /// Rows whose logits exist at the same time.
    static final int ROWS = 256;

    private NextTokenLoss() {
    }

    /// A model whose distributions a student is to learn beside the targets (Hinton et al. 2015, "Distilling the knowledge in a
    /// neural network"). The loss of a row is then (1 − weight)·cross-entropy + weight·T²·KL(softmax(z/T) ‖ softmax(x/T)) of the
    /// teacher's logits z and the student's x; T² keeps the gradient's size whatever the temperature T.
    ///
    /// @param model       with the student's vocabulary
    /// @param pass        over the same tokens, without a tape, of another executor than the student's
    /// @param weight      of the divergence, 0 to 1
    /// @param temperature T
    public record Teacher(Model model, Pass pass, double weight, double temperature) {
        public Teacher {
            if (pass.taped()) {
                throw new IllegalArgumentException("a teacher's pass has no tape");
            }
        }
    }

    /// What a loss consists of.
    ///
    /// @param crossEntropy −log p(target) of each row in nats
    /// @param divergence   KL(teacher ‖ student) of each row in nats, at the temperature; empty without a teacher
    public record Losses(float[] crossEntropy, float[] divergence) {
    }

    /// Runs the model over the pass and returns −log p(targets[i]) in nats for each chosen row. With a tape the
    /// gradient of Σ_i weights[i]·loss[i] has then been carried back to the final norm's output; [Tape#backward()] does the rest.
    ///
    /// @param rows    rows of the pass
    /// @param targets the token each should predict
    /// @param weights what each loss counts, usually 1 / number of predictions
    public static float[] apply(Model model, Pass pass, int[] rows, int[] targets, float[] weights) {
        return apply(model, pass, rows, targets, weights, Optional.empty()).crossEntropy();
    }

    /// The same with a teacher, whose model runs over its pass too.
    public static Losses apply(Model model, Pass pass, int[] rows, int[] targets, float[] weights, Optional<Teacher> teacher) {
        if (rows.length != targets.length || rows.length != weights.length) {
            throw new IllegalArgumentException(rows.length + " rows, " + targets.length + " targets and " + weights.length
                    + " weights");
        }
        Optional<Tensor> taught = teacher.map(of -> of.model().normed(of.pass(), of.model().hidden(of.pass()), rows));
        Tensor normed = model.normed(pass, model.hidden(pass), rows);
        if (pass.taped()) {
            // made before the blocks so that they outlive them
            pass.gradient(normed.base());
            model.headParameters().stream().filter(pass.tape()::wants).forEach(pass::gradient);
        }
        Losses losses = new Losses(new float[rows.length], new float[teacher.isPresent() ? rows.length : 0]);
        double share = teacher.map(Teacher::weight).orElse(0.0);
        double warmth = teacher.map(of -> of.weight() * of.temperature() * of.temperature()).orElse(0.0);
        Backend backend = pass.executor().backend();
        try (Upstream upstream = Upstream.of(backend, weights, 1 - share); Upstream ofDivergence = Upstream.of(backend, weights, warmth)) {
            for (int from = 0; from < rows.length; from += ROWS) {
                int to = Math.min(rows.length, from + ROWS);
                int first = from;
                long scratch = pass.mark();
                Tape.Mark mark = pass.taped() ? pass.tape().mark() : new Tape.Mark(0, 0);
                Tensor logits = model.logits(pass, normed.rowRange(from, to));
                Tensor loss = CrossEntropy.apply(pass, logits, Arrays.copyOfRange(targets, from, to));
                System.arraycopy(backend.read(loss), 0, losses.crossEntropy(), from, to - from);
                Optional<Tensor> divergence = teacher.map(of -> divergence(of, taught.get().rowRange(first, to), pass, logits));
                divergence.ifPresent(of -> System.arraycopy(backend.read(of), 0, losses.divergence(), first, to - first));
                if (pass.taped()) {
                    backend.copyRows(pass.gradient(loss), 0, upstream.placed().rowRange(from, to), 0, to - from);
                    divergence.ifPresent(of -> backend.copyRows(pass.gradient(of), 0, ofDivergence.placed().rowRange(first, to), 0, to - first));
                    pass.tape().backward(mark);
                }
                pass.executor().workspace().release(scratch);
            }
        }
        return losses;
    }

    /// The teacher's logits exist for one block too; they lie in its own workspace until its pass ends.
    private static Tensor divergence(Teacher teacher, Tensor normed, Pass pass, Tensor logits) {
        long scratch = teacher.pass().mark();
        Tensor known = Scale.apply(teacher.pass(), teacher.model().logits(teacher.pass(), normed), 1 / teacher.temperature());
        Tensor divergence = KullbackLeibler.apply(pass, known, Scale.apply(pass, logits, 1 / teacher.temperature()));
        // the memory is not taken again before the next block, which begins after this one's backward
        teacher.pass().executor().workspace().release(scratch);
        return divergence;
    }

    /// What each row's loss counts, on the device.
    private record Upstream(Arena arena, Backend backend, Tensor host, Tensor placed) implements AutoCloseable {
        static Upstream of(Backend backend, float[] weights, double factor) {
            Arena arena = Arena.ofConfined();
            float[] scaled = new float[weights.length];
            for (int i = 0; i < weights.length; i++) {
                scaled[i] = (float) (weights[i] * factor);
            }
            Tensor host = Tensor.of(arena, scaled, scaled.length, 1);
            return new Upstream(arena, backend, host, backend.place(host));
        }

        @Override
        public void close() {
            if (placed != host) {
                backend.free(placed.storage());
            }
            arena.close();
        }
    }
}
