package dev.heddle.engine;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.layer.ParameterSource;
import dev.heddle.core.model.Model;
import dev.heddle.core.parallel.Settling;
import dev.heddle.core.pass.Executor;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.StatePool;
import dev.heddle.core.state.StateTypes;
import dev.heddle.core.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// A model on a device with the states of its sequences: what turns token ids into logits.
///
/// Not safe for use by several threads at a time.
public final class LanguageModel implements AutoCloseable {
    private final Model model;
    private final Backend backend;
    private final Executor executor;
    private final StatePool states;

    public LanguageModel(Model model, Backend backend) {
        this(model, backend, StateTypes.EXACT);
    }

    /// @param types how its sequences' keys, values and states are stored
    /// @throws IllegalArgumentException if its heads do not fit them
    public LanguageModel(Model model, Backend backend, StateTypes types) {
        this.model = model;
        this.backend = backend;
        executor = new Executor(backend);
        states = new StatePool(backend, model.states(), types);
    }

    /// The model of a checkpoint with its weights placed on `backend`.
    public static LanguageModel load(Checkpoint checkpoint, Backend backend) {
        return load(checkpoint, backend, StateTypes.EXACT);
    }

    /// The same, with keys, values and states stored in these types.
    public static LanguageModel load(Checkpoint checkpoint, Backend backend, StateTypes types) {
        return new LanguageModel(checkpoint.model(source -> (name, kind, shape) -> {
            Tensor host = source.parameter(name, kind, shape);
            return kind == ParameterSource.Kind.MATRIX ? backend.placeWeight(host) : backend.place(host);
        }), backend, types);
    }

    public Model model() {
        return model;
    }

    public ModelSpec spec() {
        return model.spec();
    }

    public Backend backend() {
        return backend;
    }

    public Executor executor() {
        return executor;
    }

    /// The states of its sequences.
    public StatePool states() {
        return states;
    }

    /// A new empty sequence.
    public SequenceState open() {
        return states.open();
    }

    /// Feeds each sequence its tokens in one ragged batch and returns the logits after the last token of each.
    public float[][] lastLogits(List<SequenceState> sequences, List<int[]> tokens) {
        return lastLogits(sequences, tokens, tokens.size());
    }

    /// Feeds each sequence its tokens in one ragged batch and returns the logits after the last token of each of the first
    /// `count` sequences.
    public float[][] lastLogits(List<SequenceState> sequences, List<int[]> tokens, int count) {
        if (count == 0) {
            feed(sequences, tokens);
            return new float[0][];
        }
        int[] rows = new int[count];
        int end = 0;
        for (int s = 0; s < count; s++) {
            end += tokens.get(s).length;
            rows[s] = end - 1;
        }
        float[] flat = logits(sequences, tokens, rows);
        float[][] logits = new float[rows.length][];
        int vocabulary = model.spec().vocabulary();
        for (int s = 0; s < rows.length; s++) {
            logits[s] = rows.length == 1 ? flat : Arrays.copyOfRange(flat, s * vocabulary, (s + 1) * vocabulary);
        }
        return logits;
    }

    /// Feeds each sequence its tokens and returns the logits of all rows, row by row.
    public float[] allLogits(List<SequenceState> sequences, List<int[]> tokens) {
        int[] rows = new int[tokens.stream().mapToInt(ids -> ids.length).sum()];
        Arrays.setAll(rows, i -> i);
        return logits(sequences, tokens, rows);
    }

    /// Feeds each sequence its tokens without asking for logits.
    public void feed(List<SequenceState> sequences, List<int[]> tokens) {
        model.hidden(pass(sequences, tokens));
        Model.advance(sequences, tokens);
    }

    private float[] logits(List<SequenceState> sequences, List<int[]> tokens, int[] rows) {
        float[] logits = backend.read(model.logits(pass(sequences, tokens), rows));
        Model.advance(sequences, tokens);
        return logits;
    }

    private Pass pass(List<SequenceState> sequences, List<int[]> tokens) {
        Settling.passBegins();
        return Pass.of(executor, sequences, tokens, Optional.empty());
    }

    /// Bytes of scratch memory in use.
    public long scratchBytes() {
        return executor.workspace().bytes() + executor.lasting().bytes();
    }

    @Override
    public void close() {
        executor.close();
        states.close();
    }
}
