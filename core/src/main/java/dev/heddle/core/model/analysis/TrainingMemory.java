package dev.heddle.core.model.analysis;

import dev.heddle.core.autograd.Tape;
import dev.heddle.core.backend.ShapeBackend;
import dev.heddle.core.model.Model;
import dev.heddle.core.model.NextTokenLoss;
import dev.heddle.core.model.ShapeOnly;
import dev.heddle.core.pass.Executor;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.pass.Training;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.StatePool;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// Memory of a training step. The pass that trains walks forward and backward over tensors without memory, so the count is
/// that of the operations themselves; thread-local buffers of the kernels, which do not grow with the batch, are not in it.
///
/// @param tokens      T, of one pass
/// @param activations bytes of activations and their gradients at their peak
/// @param states      bytes of recurrent states, keys and values
/// @param parameters  numbers that are trained, each with a gradient and two moments in f32
public record TrainingMemory(long tokens, long activations, long states, long parameters) {
    /// Bytes of a trained parameter: itself, its gradient and AdamW's two moments.
    public static final int PARAMETER_BYTES = 16;

    /// What a pass of `lanes` sequences of `length` tokens needs.
    public static TrainingMemory of(ModelSpec spec, int length, int lanes, Training training) {
        Model model = new Model(spec, new ShapeOnly(DType.F32));
        ShapeBackend backend = new ShapeBackend();
        try (Executor executor = new Executor(backend); StatePool pool = new StatePool(backend, model.states(), DType.F32)) {
            Tape tape = new Tape((rows, columns) -> executor.workspace().take(DType.F32, rows, columns));
            long parameters = 0;
            for (Tensor parameter : model.parameters().values()) {
                parameters += parameter.elements();
                tape.provide(parameter.base(), Tensor.shapeOnly(DType.F32, parameter.base().shape()));
            }
            List<SequenceState> sequences = new ArrayList<>(Stream.generate(pool::open).limit(lanes).toList());
            List<int[]> ids = Stream.generate(() -> new int[length]).limit(lanes).toList();
            int tokens = length * lanes;
            // a training always watches its routers
            Pass pass = Pass.training(executor, sequences, ids, tape,
                    training.withRouters(new Training.Routers(true, training.routers().balance())));
            long states = backend.bytes();
            NextTokenLoss.apply(model, pass, IntStream.range(0, tokens).toArray(), new int[tokens], new float[tokens]);
            tape.backward();
            return new TrainingMemory(tokens, executor.workspace().peak() + executor.lasting().peak(), states, parameters);
        }
    }

    /// Activations of one token more.
    public double activationsPerToken() {
        return (double) activations / tokens;
    }

    /// Parameters, gradients and moments.
    public long parameterBytes() {
        return PARAMETER_BYTES * parameters;
    }

    /// All of it.
    public long total() {
        return activations + states + parameterBytes();
    }
}
