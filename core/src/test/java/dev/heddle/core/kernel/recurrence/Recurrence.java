package dev.heddle.core.kernel.recurrence;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.IntToDoubleFunction;

/// One ragged call of a recurrence kernel K with random arguments, and what all its forms must agree on.
///
/// The forms (state-space duality): step by step in double precision, the plain kernel; step by step, the fast kernel
/// fed one row at a time; the fast kernel over whole segments, chunked where it has chunks; quadratic, every output a weighted
/// sum over all earlier positions as in attention; and the associative [PrefixScan] over the rows' maps of the state. The last
/// two are written in each test in double precision.
abstract class Recurrence<K> {
    /// The plain kernel and the quadratic form compute in f64 and round what they store to f32, once: 6e-8 of a value,
    /// and a little more where values cancel.
    private static final double ROUNDED = 3e-7;

    /// Most rows of a wide recurrence to be scanned: composing maps of whole states takes long.
    private static final int SCANNED = 70;

    final Ragged ragged;
    final Segments segments;

    Recurrence(Ragged ragged, int... lengths) {
        this.ragged = ragged;
        this.segments = ragged.segments(lengths);
    }

    /// The state pools before the call.
    abstract Tensor[] initial();

    /// Columns of the output.
    abstract int width();

    /// Runs rows `from` to `to`, which `part` divides into sequences.
    abstract void forward(K kernel, Tensor y, Tensor[] states, Segments part, int from, int to);

    /// Outputs of a segment in the quadratic form, [rows, width].
    abstract double[][] quadratic(int segment);

    /// Outputs of a segment from a scan over the maps by which its rows change the state, [rows, width].
    abstract double[][] scanned(int segment);

    /// What failed, in messages.
    abstract String describe();

    /// Asserts that all forms agree.
    ///
    /// @param tolerance of the f32 sums of the fast kernel beside f64 sums, relative to the largest value
    final void check(K plain, K fast, K single, double tolerance) {
        Tensor[] expectedStates = copies(initial());
        Tensor[] fastStates = copies(initial());
        Tensor[] singleStates = copies(initial());
        Tensor[] stepStates = copies(initial());
        Tensor expected = whole(plain, expectedStates);
        Tensor actual = whole(fast, fastStates);
        Ragged.close(gather(this::quadratic), expected, ROUNDED, "plain and quadratic, " + describe());
        if (segments.rows() <= SCANNED || width() <= 16) {
            Ragged.close(gather(this::scanned), expected, ROUNDED, "plain and prefix scan, " + describe());
        }
        Ragged.close(expected, actual, tolerance, "fast, " + describe());
        assertArrayEquals(actual.toFloats(), whole(single, singleStates).toFloats(), "with one thread, " + describe());
        Ragged.close(expected, stepwise(fast, stepStates), tolerance, "stepwise, " + describe());
        for (int i = 0; i < expectedStates.length; i++) {
            String what = ", state " + i + ", " + describe();
            Ragged.close(expectedStates[i], fastStates[i], tolerance, "fast" + what);
            Ragged.close(expectedStates[i], stepStates[i], tolerance, "stepwise" + what);
            assertArrayEquals(fastStates[i].toFloats(), singleStates[i].toFloats(), "with one thread" + what);
        }
        eachAloneIsTheSame(fast, actual, fastStates);
    }

    /// Asserts that fast gradients are those of the plain loops and do not depend on the number of threads.
    ///
    /// @param gradients of a kernel, added to ones, which sums over rows pass and which errors are therefore measured by where
    ///                  all elements cancel
    final void checkGradients(Function<K, Tensor[]> gradients, K plain, K fast, K single, double tolerance) {
        Tensor[] expected = gradients.apply(plain);
        Tensor[] actual = gradients.apply(fast);
        Tensor[] alone = gradients.apply(single);
        for (int i = 0; i < expected.length; i++) {
            Ragged.close(expected[i], actual[i], tolerance, 1, "gradient " + i + ", " + describe());
            assertArrayEquals(actual[i].toFloats(), alone[i].toFloats(), "gradient " + i + " with one thread, " + describe());
        }
    }

    private Tensor[] copies(Tensor[] states) {
        return Arrays.stream(states).map(ragged::copy).toArray(Tensor[]::new);
    }

    private Tensor whole(K kernel, Tensor[] states) {
        Tensor y = ragged.unwritten(segments.rows(), width());
        forward(kernel, y, states, segments, 0, segments.rows());
        return y;
    }

    private Tensor stepwise(K kernel, Tensor[] states) {
        Tensor y = ragged.unwritten(segments.rows(), width());
        for (int s = 0; s < segments.count(); s++) {
            for (int t = segments.start(s); t < segments.end(s); t++) {
                Segments row = new Segments(new int[] {0, 1}, new long[] {segments.positions()[s] + t - segments.start(s)},
                        new int[] {segments.slots()[s]});
                forward(kernel, y.rowRange(t, t + 1), states, row, t, t + 1);
            }
        }
        return y;
    }

    private void eachAloneIsTheSame(K kernel, Tensor together, Tensor[] statesTogether) {
        Tensor[] states = copies(initial());
        for (int s = 0; s < segments.count(); s++) {
            Tensor y = ragged.unwritten(segments.length(s), width());
            Segments alone = new Segments(new int[] {0, segments.length(s)}, new long[] {segments.positions()[s]},
                    new int[] {segments.slots()[s]});
            forward(kernel, y, states, alone, segments.start(s), segments.end(s));
            assertArrayEquals(together.rowRange(segments.start(s), segments.end(s)).toFloats(), y.toFloats(),
                    "segment " + s + " alone, " + describe());
        }
        for (int i = 0; i < states.length; i++) {
            assertArrayEquals(statesTogether[i].toFloats(), states[i].toFloats(), "state " + i + " alone, " + describe());
        }
    }

    private Tensor gather(IntFunction<double[][]> segment) {
        Tensor y = Tensor.zeros(Arena.ofAuto(), DType.F32, segments.rows(), width());
        for (int s = 0; s < segments.count(); s++) {
            double[][] rows = segment.apply(s);
            for (int t = 0; t < rows.length; t++) {
                for (int j = 0; j < width(); j++) {
                    y.set((long) (segments.start(s) + t) * width() + j, (float) rows[t][j]);
                }
            }
        }
        return y;
    }

    /// `count` elements of row `t` from column `from` on.
    static double[] part(Tensor x, int t, int from, int count) {
        double[] values = new double[count];
        Arrays.setAll(values, i -> at(x, t, from + i));
        return values;
    }

    /// y[to + j] += factor·Σ_i query(i)·S[i,j].
    static void read(double[] y, int to, double[] s, int keys, double factor, IntToDoubleFunction query) {
        int values = s.length / keys;
        for (int i = 0; i < keys; i++) {
            for (int j = 0; j < values; j++) {
                y[to + j] += factor * query.applyAsDouble(i) * s[i * values + j];
            }
        }
    }

    /// Element (t, j) of a tensor in double precision.
    static double at(Tensor x, int t, int j) {
        return x.get((long) t * x.columns() + j);
    }
}
