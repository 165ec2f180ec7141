package dev.heddle.core.model;

import dev.heddle.core.autograd.Tape;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.pass.Executor;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.pass.Training;
import dev.heddle.core.pass.Workspace;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.StatePool;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// The next-token loss of a batch of sequences and its gradient towards every parameter.
public final class Differentiation implements AutoCloseable {
    private final Model model;
    private final Backend backend;
    private final Executor executor;
    private final Tape tape;
    private final Workspace gradients;
    private final float loss;

    /// Runs forward and backward over `tokens`, each sequence from an empty state; the loss is the mean over all
    /// predictions, as if they were one list.
    ///
    /// @throws IllegalArgumentException if no sequence has two tokens
    public Differentiation(Model model, Backend backend, List<int[]> tokens) {
        this(model, backend, tokens, Training.PLAIN);
    }

    public Differentiation(Model model, Backend backend, List<int[]> tokens, Training training) {
        this.model = model;
        this.backend = backend;
        executor = new Executor(backend);
        gradients = new Workspace(backend);
        tape = new Tape((rows, columns) -> zeros(executor.workspace(), rows, columns));
        model.parameters().values().forEach(parameter -> tape.keep(parameter.base(), (rows, columns) -> zeros(gradients, rows, columns)));
        try (StatePool states = new StatePool(backend, model.states(), DType.F32)) {
            loss = run(states, tokens, training);
        }
    }

    private Tensor zeros(Workspace place, int rows, int columns) {
        Tensor zeros = place.take(DType.F32, rows, columns);
        backend.fill(zeros, 0);
        return zeros;
    }

    private float run(StatePool states, List<int[]> tokens, Training training) {
        int predictions = tokens.stream().mapToInt(ids -> Math.max(0, ids.length - 1)).sum();
        if (predictions == 0) {
            throw new IllegalArgumentException("a loss needs a sequence of at least two tokens");
        }
        int[] rows = new int[predictions];
        int[] targets = new int[predictions];
        int row = 0;
        int count = 0;
        List<SequenceState> sequences = new ArrayList<>();
        for (int[] ids : tokens) {
            sequences.add(states.open());
            for (int t = 0; t + 1 < ids.length; t++) {
                rows[count] = row + t;
                targets[count++] = ids[t + 1];
            }
            row += ids.length;
        }
        Pass pass = Pass.training(executor, sequences, tokens, tape, training);
        float[] weights = new float[predictions];
        Arrays.fill(weights, 1f / predictions);
        double sum = 0;
        for (float one : NextTokenLoss.apply(model, pass, rows, targets, weights)) {
            sum += one;
        }
        tape.backward();
        return (float) (sum / predictions);
    }

    /// Mean loss in nats.
    public float loss() {
        return loss;
    }

    /// d loss / d parameter, row by row; empty if the loss does not depend on it.
    public Optional<float[]> gradient(String parameter) {
        return tape.gathered(model.parameters().get(parameter)).map(backend::read);
    }

    @Override
    public void close() {
        gradients.close();
        executor.close();
    }
}
