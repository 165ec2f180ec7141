package dev.heddle.core.kernel.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.heddle.core.kernel.Attention.Shape;
import dev.heddle.core.kernel.KeyValues;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.machine.MachineCode;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class VectorAttentionTest {
    /// Decoding at the start, in the first block, past a part; prefill from the start, over blocks, within one; nothing.
    private static final Segments SEGMENTS = new Segments(new int[] {0, 1, 2, 3, 153, 155, 155, 290},
            new long[] {0, 62, 2100, 0, 63, 9, 70}, new int[] {3, 0, 5, 1, 2, 4, 6});

    private final KernelComparison kernels = new KernelComparison(true);

    static Stream<Shape> shapes() {
        return Stream.of(
                new Shape(8, 2, 64, 64, 0.125f, 0, 0, 0, false),
                new Shape(1, 1, 1, 1, 1, 0, 0, 0, false),
                new Shape(3, 3, 20, 63, 0.2f, 5, 0, 0, false),
                new Shape(6, 3, 33, 80, 0.2f, 0, 100, 0, false),
                new Shape(5, 1, 16, 7, 0.3f, 0, 64, 70, true),
                new Shape(7, 1, 128, 17, 0.1f, 2, 1, 3, true),
                new Shape(12, 4, 8, 130, 0.3f, 0, 0, 0, true),
                new Shape(6, 2, 96, 32, 0.1f, 4, 100, 70, true));
    }

    /// Types of keys and of values; only heads of whole blocks can be q8_0.
    private static List<List<DType>> types(Shape shape) {
        List<List<DType>> types = new ArrayList<>(List.of(List.of(DType.F32, DType.F32), List.of(DType.F16, DType.F16),
                List.of(DType.BF16, DType.BF16), List.of(DType.BF16, DType.F32)));
        if (shape.headDim() % 32 == 0 && shape.valueDim() % 32 == 0) {
            types.addAll(List.of(List.of(DType.Q8_0, DType.Q8_0), List.of(DType.Q8_0, DType.F16), List.of(DType.F32, DType.Q8_0)));
        }
        return types;
    }

    /// Pages of all sequences in random order; positions nobody has written are NaN.
    private KeyValues cache(Shape shape, List<DType> types, int pageRows, Segments segments) {
        int[][] pages = new int[segments.count()][];
        int total = 0;
        for (int s = 0; s < segments.count(); s++) {
            long end = segments.positions()[s] + segments.length(s);
            pages[segments.slots()[s]] = new int[(int) Math.ceilDiv(end, pageRows)];
            total += pages[segments.slots()[s]].length;
        }
        List<Integer> free = new ArrayList<>(IntStream.range(0, total).boxed().toList());
        Collections.shuffle(free, new Random(5));
        Tensor keys = kernels.values(DType.F32, 3, (long) total * pageRows, (long) shape.kvHeads() * shape.headDim());
        Tensor values = kernels.values(DType.F32, 1, (long) total * pageRows, (long) shape.kvHeads() * shape.valueDim());
        KeyValues cache = new KeyValues(keys, values, pages, pageRows);
        for (int s = 0; s < segments.count(); s++) {
            int slot = segments.slots()[s];
            for (int i = 0; i < pages[slot].length; i++) {
                pages[slot][i] = free.removeLast();
            }
            for (long p = segments.positions()[s] + segments.length(s); p < (long) pages[slot].length * pageRows; p++) {
                clear(keys, cache.row(slot, p));
                clear(values, cache.row(slot, p));
            }
            leave(shape, pages[slot], segments.positions()[s], pageRows);
        }
        return new KeyValues(kernels.as(types.get(0), keys), kernels.as(types.get(1), values), pages, pageRows);
    }

    private static void clear(Tensor rows, long row) {
        for (int d = 0; d < rows.columns(); d++) {
            rows.set(row * rows.columns() + d, Float.NaN);
        }
    }

    /// Forgets the pages that a window has left, like the page table does.
    private static void leave(Shape shape, int[] pages, long position, int pageRows) {
        if (shape.window() > 0) {
            int from = Math.ceilDiv(shape.sinks(), pageRows);
            for (int i = from; i < Math.max(0, position - shape.window() + 1) / pageRows; i++) {
                pages[i] = -1;
            }
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void agrees(Shape shape) {
        for (List<DType> type : types(shape)) {
            for (int pageRows : type.get(0) == DType.F32 || type.get(0) == DType.Q8_0 ? new int[] {64, 16} : new int[] {64}) {
                KeyValues cache = cache(shape, type, pageRows, SEGMENTS);
                Tensor k = kernels.view(SEGMENTS.rows(), shape.kvHeads() * shape.headDim());
                Tensor v = kernels.view(SEGMENTS.rows(), shape.kvHeads() * shape.valueDim());
                Tensor q = kernels.view(SEGMENTS.rows(), shape.heads() * shape.headDim(), 2);
                kernels.compare(shape + ", " + type + ", pages of " + pageRows, 1e-5, kernel -> {
                    kernel.attention().append(cache, k, v, SEGMENTS);
                    Tensor y = kernels.output(SEGMENTS.rows(), shape.heads() * shape.valueDim());
                    kernel.attention().forward(shape, y, q, cache, SEGMENTS);
                    return List.of(y);
                });
            }
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void gradients(Shape shape) {
        KeyValues cache = cache(shape, List.of(DType.F32, DType.F32), 64, SEGMENTS);
        Tensor q = kernels.view(SEGMENTS.rows(), shape.heads() * shape.headDim(), 1);
        Tensor dy = kernels.view(SEGMENTS.rows(), shape.heads() * shape.valueDim());
        Tensor k = kernels.view(SEGMENTS.rows(), shape.kvHeads() * shape.headDim());
        Tensor v = kernels.view(SEGMENTS.rows(), shape.kvHeads() * shape.valueDim());
        kernels.compare("gradients of " + shape, 5e-5, kernel -> {
            Tensor y = kernels.output(SEGMENTS.rows(), shape.heads() * shape.valueDim());
            kernel.attention().forward(shape, y, q, cache, SEGMENTS);
            Tensor dq = kernels.copy(q);
            Tensor dk = kernels.copy(k);
            Tensor dv = kernels.copy(v);
            kernel.attention().backward(shape, dq, dk, dv, dy, y, q, cache, SEGMENTS);
            return List.of(dq, dk, dv);
        });
    }

    @Test
    void storesWhatThePlainKernelStores() {
        Shape shape = shapes().findFirst().orElseThrow();
        for (List<DType> type : types(shape)) {
            Tensor k = kernels.view(SEGMENTS.rows(), shape.kvHeads() * shape.headDim());
            Tensor v = kernels.view(SEGMENTS.rows(), shape.kvHeads() * shape.valueDim());
            KeyValues cache = cache(shape, type, 64, SEGMENTS);
            kernels.compare("append " + type, 0, kernel -> {
                KeyValues fresh = new KeyValues(zeros(cache.keys()), zeros(cache.values()), cache.pages(), 64);
                kernel.attention().append(fresh, k, v, SEGMENTS);
                return List.of(fresh.keys(), fresh.values());
            });
        }
    }

    private Tensor zeros(Tensor like) {
        return kernels.as(like.dtype(), kernels.values(DType.F32, 0, like.shape()));
    }

    /// The bits of a row do not depend on where its prefill was cut or who shared the batch.
    @ParameterizedTest
    @MethodSource("shapes")
    void bitsDoNotDependOnTheBatch(Shape shape) {
        for (List<DType> type : types(shape)) {
            bitsDoNotDependOnTheBatch(shape, type, false);
            if (MachineCode.isAvailable()) {
                bitsDoNotDependOnTheBatch(shape, type, true);
            }
        }
    }

    private void bitsDoNotDependOnTheBatch(Shape shape, List<DType> type, boolean machineCode) {
        VectorAttention attention = new VectorAttention(new Workers(1), machineCode);
        KeyValues cache = cache(shape, type, 64, SEGMENTS);
        Tensor q = kernels.view(SEGMENTS.rows(), shape.heads() * shape.headDim(), 2);
        Tensor together = kernels.output(SEGMENTS.rows(), shape.heads() * shape.valueDim());
        attention.forward(shape, together, q, cache, SEGMENTS);
        for (int s = 0; s < SEGMENTS.count(); s++) {
            int length = SEGMENTS.length(s);
            for (int cut : length < 4 ? new int[] {length} : new int[] {length, 2, 70, length - 2}) {
                Tensor alone = kernels.output(length, shape.heads() * shape.valueDim());
                part(attention, shape, alone, q, cache, s, 0, cut);
                part(attention, shape, alone, q, cache, s, cut, length);
                assertArrayEquals(together.rowRange(SEGMENTS.start(s), SEGMENTS.end(s)).toFloats(), alone.toFloats(),
                        type + ", segment " + s + " cut at " + cut);
            }
        }
    }

    private static void part(VectorAttention attention, Shape shape, Tensor y, Tensor q, KeyValues cache, int s, int from, int to) {
        if (to > from) {
            int start = SEGMENTS.start(s);
            Segments part = new Segments(new int[] {0, to - from}, new long[] {SEGMENTS.positions()[s] + from},
                    new int[] {SEGMENTS.slots()[s]});
            attention.forward(shape, y.rowRange(from, to), q.rowRange(start + from, start + to), cache, part);
        }
    }
}
