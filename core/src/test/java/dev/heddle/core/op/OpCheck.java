package dev.heddle.core.op;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.core.autograd.Tape;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.pass.Executor;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.pass.Workspace;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.StateLayout;
import dev.heddle.core.state.StatePool;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/// An op beside its equation, written once more in double precision: outputs must agree, and the op's gradients with
/// differences of the equation.
///
/// @param op        the op's class
/// @param variant   what is special about this check
/// @param states    what the op remembers of a sequence
/// @param inputs    rows, columns and range of each input
/// @param equation  outputs, row by row, from the inputs, row by row
/// @param operation the op
record OpCheck(String op, String variant, StateLayout states, List<Input> inputs, Equation equation, Operation operation) {
    /// Lengths of the sequences of the batch: one row, more than a block of every chunked kernel, a few.
    static final int[] LENGTHS = {1, 70, 6};

    /// Rows of the batch.
    static final int T = Arrays.stream(LENGTHS).sum();

    /// Token ids are below this.
    static final int VOCABULARY = 9;

    /// Step of the differences, whose error is of the order of its square.
    private static final double STEP = 1e-5;

    /// Of f32 sums over the batch and of f32 exponentials; relative to the largest value.
    private static final double TOLERANCE = 3e-5;

    /// Uniform numbers.
    record Input(int rows, int columns, double low, double high) {
    }

    interface Equation {
        double[] of(double[][] x);
    }

    interface Operation {
        Tensor apply(Pass pass, Tensor[] x);
    }

    static Input rows(int columns) {
        return new Input(T, columns, -1, 1);
    }

    static Input rows(int columns, double low, double high) {
        return new Input(T, columns, low, high);
    }

    static Input parameter(int rows, int columns) {
        return new Input(rows, columns, -1, 1);
    }

    static Input parameter(int rows, int columns, double low, double high) {
        return new Input(rows, columns, low, high);
    }

    static OpCheck of(String op, String variant, List<Input> inputs, Equation equation, Operation operation) {
        return new OpCheck(op, variant, new StateLayout(), inputs, equation, operation);
    }

    /// With recurrent states of these sizes that begin at zero.
    static OpCheck of(String op, String variant, int[] states, List<Input> inputs, Equation equation, Operation operation) {
        StateLayout layout = new StateLayout();
        for (int i = 0; i < states.length; i++) {
            layout.addRecurrent("state " + i, states[i], 0);
        }
        return new OpCheck(op, variant, layout, inputs, equation, operation);
    }

    /// What a walk over a sequence does with each of its rows.
    interface Row {
        void at(int t, int position);
    }

    /// Walks each sequence from its first row to its last.
    static void sequences(Runnable begin, Row row) {
        int t = 0;
        for (int length : LENGTHS) {
            begin.run();
            for (int position = 0; position < length; position++) {
                row.at(t++, position);
            }
        }
    }

    static int[] ids() {
        return new Random(5).ints(T, 0, VOCABULARY).toArray();
    }

    void run(CpuBackend backend) {
        Random random = new Random(op.hashCode());
        try (Arena arena = Arena.ofConfined(); Executor executor = new Executor(backend, new Workspace(backend, true));
                StatePool pool = new StatePool(backend, states, DType.F32)) {
            double[][] x = new double[inputs.size()][];
            Tensor[] tensors = new Tensor[x.length];
            for (int i = 0; i < x.length; i++) {
                Input input = inputs.get(i);
                tensors[i] = Tensor.zeros(arena, DType.F32, input.rows(), input.columns());
                for (int e = 0; e < tensors[i].elements(); e++) {
                    tensors[i].set(e, (float) random.nextDouble(input.low(), input.high()));
                }
                x[i] = values(tensors[i]);
            }
            Tape tape = new Tape((rows, columns) -> {
                Tensor zeros = executor.workspace().take(DType.F32, rows, columns);
                backend.fill(zeros, 0);
                return zeros;
            });
            Pass pass = pass(executor, pool, tape);
            Tensor y = operation.apply(pass, tensors);
            double[] expected = equation.of(x);
            close("output", expected, values(y));
            double[] weights = random.doubles(expected.length, -1, 1).map(weight -> (float) weight).toArray();
            Tensor dy = pass.gradient(y);
            for (int e = 0; e < weights.length; e++) {
                dy.set(e, (float) weights[e]);
            }
            tape.backward();
            for (int i = 0; i < x.length; i++) {
                Tensor gathered = tape.gathered(tensors[i]).orElseThrow(() -> new AssertionError(this + " gives no gradient"));
                close("gradient of input " + i, differences(x, i, weights), values(gathered));
            }
        }
    }

    private static Pass pass(Executor executor, StatePool pool, Tape tape) {
        List<SequenceState> sequences = new ArrayList<>();
        List<int[]> tokens = new ArrayList<>();
        int from = 0;
        for (int length : LENGTHS) {
            sequences.add(pool.open());
            tokens.add(Arrays.copyOfRange(ids(), from, from + length));
            from += length;
        }
        return Pass.of(executor, sequences, tokens, Optional.of(tape));
    }

    private double[] differences(double[][] x, int input, double[] weights) {
        double[] gradient = new double[x[input].length];
        for (int e = 0; e < gradient.length; e++) {
            double value = x[input][e];
            x[input][e] = value + STEP;
            double[] above = equation.of(x);
            x[input][e] = value - STEP;
            double[] below = equation.of(x);
            x[input][e] = value;
            gradient[e] = IntStream.range(0, weights.length).mapToDouble(i -> weights[i] * (above[i] - below[i])).sum() / (2 * STEP);
        }
        return gradient;
    }

    private static double[] values(Tensor tensor) {
        double[] values = new double[(int) tensor.elements()];
        Arrays.setAll(values, tensor::get);
        return values;
    }

    private void close(String what, double[] expected, double[] actual) {
        double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
        assertEquals(expected.length, actual.length, this + ", numbers of the " + what);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], TOLERANCE * Math.max(largest, 1e-2), this + ", " + what + "[" + i + "]");
        }
    }

    @Override
    public String toString() {
        return variant.isEmpty() ? op : op + ", " + variant;
    }
}
