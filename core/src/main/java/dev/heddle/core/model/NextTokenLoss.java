package dev.heddle.core.model;

import dev.heddle.core.autograd.Tape;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.op.CrossEntropy;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;

/// The cross-entropy of chosen rows of a pass with their targets, and its backward up to the rows before the head.
///
/// Logits exist for [#ROWS] rows at a time: each block runs forward and at once backward, so a batch of any size
/// needs ROWS × V numbers and never T × V.
public final class NextTokenLoss {
    /// Rows whose logits exist at the same time.
    static final int ROWS = 256;

    private NextTokenLoss() {
    }

    /// Runs the model over the pass and returns −log p(targets[i]) in nats for each chosen row. With a tape the
    /// gradient of Σ_i weights[i]·loss[i] has then been carried back to the final norm's output; [Tape#backward()] does the rest.
    ///
    /// @param rows    rows of the pass
    /// @param targets the token each should predict
    /// @param weights what each loss counts, usually 1 / number of predictions
    public static float[] apply(Model model, Pass pass, int[] rows, int[] targets, float[] weights) {
        if (rows.length != targets.length || rows.length != weights.length) {
            throw new IllegalArgumentException(rows.length + " rows, " + targets.length + " targets and " + weights.length
                    + " weights");
        }
        Tensor normed = model.normed(pass, model.hidden(pass), rows);
        if (pass.taped()) {
            // made before the blocks so that they outlive them
            pass.gradient(normed.base());
            model.headParameters().stream().filter(pass.tape()::wants).forEach(pass::gradient);
        }
        float[] losses = new float[rows.length];
        Backend backend = pass.executor().backend();
        try (Arena arena = Arena.ofConfined()) {
            Tensor host = Tensor.of(arena, weights, weights.length, 1);
            Tensor placed = backend.place(host);
            for (int from = 0; from < rows.length; from += ROWS) {
                int to = Math.min(rows.length, from + ROWS);
                float[] block = block(model, pass, normed.rowRange(from, to), Arrays.copyOfRange(targets, from, to),
                        placed.rowRange(from, to));
                System.arraycopy(block, 0, losses, from, block.length);
            }
            if (placed != host) {
                backend.free(placed.storage());
            }
        }
        return losses;
    }

    private static float[] block(Model model, Pass pass, Tensor normed, int[] targets, Tensor weights) {
        Backend backend = pass.executor().backend();
        long scratch = pass.mark();
        Tape.Mark mark = pass.taped() ? pass.tape().mark() : new Tape.Mark(0, 0);
        Tensor loss = CrossEntropy.apply(pass, model.logits(pass, normed), targets);
        float[] values = backend.read(loss);
        if (pass.taped()) {
            backend.copyRows(pass.gradient(loss), 0, weights, 0, targets.length);
            pass.tape().backward(mark);
        }
        pass.executor().workspace().release(scratch);
        return values;
    }
}
