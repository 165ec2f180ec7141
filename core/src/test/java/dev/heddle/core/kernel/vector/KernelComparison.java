package dev.heddle.core.kernel.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.core.kernel.Kernels;
import dev.heddle.core.kernel.plain.PlainKernels;
import dev.heddle.core.machine.MachineCode;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Blocks;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;

/// Runs one computation with the plain kernels and with the vector kernels on one and on two threads: the vector
/// kernels agree with the plain ones within a tolerance and with each other to the bit, and write nothing beside
/// their outputs. The build runs these tests at several lane widths.
final class KernelComparison {
    /// Rows and columns that end before, at and after vectors, tiles and stretches.
    record Size(int rows, int columns) {
    }

    static final List<Size> SIZES = List.of(new Size(0, 5), new Size(5, 0), new Size(1, 1), new Size(3, Lanes.COUNT - 1),
            new Size(2, Lanes.COUNT), new Size(7, Lanes.COUNT + 1), new Size(1, 63), new Size(33, 64), new Size(70, 1000));

    private static final int GUARD = 5;
    private static final int GUARD_BITS = 0x7fc0dead;
    private static final Kernels PLAIN = new PlainKernels();
    private static final Kernels ONE_THREAD = VectorKernels.create(new Workers(1), false);
    private static final Kernels TWO_THREADS = VectorKernels.create(new Workers(2), false);
    private static final Kernels MACHINE_CODE = VectorKernels.create(new Workers(1), true);
    private static final Kernels MACHINE_CODE_TWICE = VectorKernels.create(new Workers(2), true);

    private final boolean machineCode;
    private final Arena arena = Arena.ofAuto();
    private final SplittableRandom random = new SplittableRandom(11);

    KernelComparison() {
        this(false);
    }

    /// @param machineCode whether to compare kernels that may use machine code as well
    KernelComparison(boolean machineCode) {
        this.machineCode = machineCode;
    }

    /// Random values in ±1, contiguous.
    Tensor values(int rows, int columns) {
        return values(DType.F32, 1, rows, columns);
    }

    Tensor values(DType type, double spread, long... shape) {
        Tensor tensor = Tensor.zeros(arena, type, shape);
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.set(i, (float) (0 + spread * random.nextDouble(-1, 1)));
        }
        return tensor;
    }

    /// The same numbers, rounded to another type.
    Tensor as(DType type, Tensor x) {
        Tensor y = Tensor.zeros(arena, type, x.shape());
        for (int row = 0; row < x.rows(); row++) {
            if (type == DType.Q8_0) {
                Blocks.storeQ8_0(y.address(row), x.address(row), x.columns());
            } else {
                for (int i = 0; i < x.columns(); i++) {
                    y.set((long) row * x.columns() + i, x.get((long) row * x.columns() + i));
                }
            }
        }
        return y;
    }

    /// Random values in rows that lie further apart than their columns.
    Tensor view(int rows, int columns) {
        return view(rows, columns, 1);
    }

    Tensor view(int rows, int columns, double spread) {
        return copy(values(DType.F32, spread, rows, columns));
    }

    /// A column view full of NaN.
    Tensor output(int rows, int columns) {
        Tensor whole = Tensor.zeros(arena, DType.F32, rows, columns + 2 * GUARD);
        for (int i = 0; i < rows * (columns + 2 * GUARD); i++) {
            Memory.i32(whole.address() + 4L * i, GUARD_BITS);
        }
        return whole.columnRange(GUARD, GUARD + columns);
    }

    /// The same values in a column view.
    Tensor copy(Tensor x) {
        Tensor y = output(x.rows(), x.columns());
        for (long i = 0; i < x.elements(); i++) {
            y.set(i, x.get(i));
        }
        return y;
    }

    Tensor contiguousCopy(Tensor x) {
        Tensor y = values(x.dtype(), 0, x.shape());
        y.copyFrom(x.toFloats());
        return y;
    }

    /// @param tolerance   for values up to 1, relative beyond
    /// @param computation makes its outputs anew, with [#output] or [#copy], and returns them
    void compare(String what, double tolerance, Function<Kernels, List<Tensor>> computation) {
        List<Tensor> plain = computation.apply(PLAIN);
        for (int i = 0; i < plain.size(); i++) {
            guarded(what + ", output " + i + " of the plain kernel", plain.get(i));
        }
        compare(what, tolerance, plain, computation.apply(ONE_THREAD), computation.apply(TWO_THREADS));
        if (machineCode && MachineCode.isAvailable()) {
            compare(what + " in machine code", tolerance, plain, computation.apply(MACHINE_CODE), computation.apply(MACHINE_CODE_TWICE));
        }
    }

    private static void compare(String what, double tolerance, List<Tensor> plain, List<Tensor> one, List<Tensor> two) {
        for (int i = 0; i < plain.size(); i++) {
            String output = what + ", output " + i;
            guarded(output, one.get(i));
            guarded(output + " with two threads", two.get(i));
            float[] expected = plain.get(i).toFloats();
            float[] actual = one.get(i).toFloats();
            float[] again = two.get(i).toFloats();
            for (int j = 0; j < expected.length; j++) {
                String element = output + "[" + j + "]";
                float want = expected[j];
                float got = actual[j];
                assertTrue(want == got || Math.abs((double) want - got) <= tolerance * Math.max(1, Math.abs(want)),
                        () -> element + " is " + got + ", the plain kernel's is " + want);
                assertEquals(got, again[j], () -> element + " differs with two threads");
            }
        }
    }

    private static void guarded(String what, Tensor view) {
        Tensor whole = view.base();
        if (whole == view) {
            return;
        }
        int columns = whole.columns();
        for (int t = 0; t < whole.rows(); t++) {
            for (int d = 0; d < columns; d++) {
                if (d < GUARD || d >= columns - GUARD) {
                    int row = t;
                    assertEquals(GUARD_BITS, Memory.i32(whole.address(t) + 4L * d), () -> what + " wrote beside row " + row);
                }
            }
        }
    }
}
