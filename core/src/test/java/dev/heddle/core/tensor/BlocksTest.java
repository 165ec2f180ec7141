package dev.heddle.core.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.core.kernel.plain.PlainEmbedding;
import dev.heddle.core.kernel.plain.PlainMatrixProduct;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Quantized tensors against the values that gguf-py reads in the same blocks (`tools/oracle/make_quantized_blocks.py`).
class BlocksTest {
    private record Golden(Tensor tensor, float[] values) {
    }

    private static Golden golden(Arena arena, DType type) {
        try (InputStream in = BlocksTest.class.getResourceAsStream(type + ".bin")) {
            byte[] all = in.readAllBytes();
            int count = all.length / (type.blockBytes() + 4 * type.blockElements());
            Storage storage = Memory.allocate(arena, (long) count * type.blockBytes());
            MemorySegment.copy(all, 0, Memory.ALL, ValueLayout.JAVA_BYTE, storage.address(), count * type.blockBytes());
            float[] values = new float[count * type.blockElements()];
            ByteBuffer.wrap(all).position(count * type.blockBytes()).slice().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
                    .get(values);
            return new Golden(Tensor.of(storage, 0, type, 2, values.length / 2), values);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_ALL, names = "Q.*")
    void valuesOfBlocks(DType type) {
        try (Arena arena = Arena.ofConfined()) {
            Golden golden = golden(arena, type);
            assertArrayEquals(golden.values, golden.tensor.toFloats());
            for (int i = 0; i < golden.values.length; i += 7) {
                assertEquals(golden.values[i], golden.tensor.get(i));
            }
            int block = type.blockElements();
            assertArrayEquals(Arrays.copyOfRange(golden.values, block, 2 * block),
                    golden.tensor.rowRange(0, 1).columnRange(block, 2 * block).toFloats());
            assertArrayEquals(Arrays.copyOfRange(golden.values, golden.values.length / 2, golden.values.length),
                    Blocks.row(golden.tensor, 1));
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_ALL, names = "Q.*")
    void plainKernelsReadBlocks(DType type) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor w = golden(arena, type).tensor;
            Tensor expanded = Tensor.of(arena, w.toFloats(), w.shape());
            float[] inputs = new float[3 * w.columns()];
            Random random = new Random(1);
            for (int i = 0; i < inputs.length; i++) {
                inputs[i] = random.nextFloat(-1, 1);
            }
            Tensor x = Tensor.of(arena, inputs, 3, w.columns());
            Tensor expected = Tensor.zeros(arena, DType.F32, 3, 2);
            Tensor actual = Tensor.zeros(arena, DType.F32, 3, 2);
            new PlainMatrixProduct().product(expected, x, expanded);
            new PlainMatrixProduct().product(actual, x, w);
            assertArrayEquals(expected.toFloats(), actual.toFloats());
            Tensor rows = Tensor.zeros(arena, DType.F32, 3, w.columns());
            new PlainEmbedding().gather(rows, w, new int[] {1, 0, 1}, 2);
            for (int i = 0; i < rows.elements(); i++) {
                assertEquals(2 * expanded.get((i + w.columns()) % w.elements()), rows.get(i));
            }
        }
    }

    @Test
    void rowsAreWholeBlocks() {
        try (Arena arena = Arena.ofConfined()) {
            assertThrows(IllegalArgumentException.class, () -> Tensor.zeros(arena, DType.Q4_K, 4, 128));
            assertThrows(IllegalArgumentException.class, () -> Tensor.zeros(arena, DType.Q8_0, 32, 8));
            assertThrows(IllegalArgumentException.class, () -> DType.Q5_0.bytes(33));
            assertEquals(210 * 6, Tensor.zeros(arena, DType.Q6_K, 3, 512).bytes());
            Tensor w = Tensor.zeros(arena, DType.Q4_1, 3, 96);
            assertEquals(60, w.rowBytes());
            assertThrows(IllegalArgumentException.class, () -> w.columnRange(16, 48));
            assertThrows(IllegalArgumentException.class, () -> w.set(3, 1));
            assertThrows(IllegalStateException.class, () -> w.dtype().size());
            Tensor view = w.rowRange(1, 3).columnRange(32, 96);
            assertEquals(20 + 60, view.address() - w.address());
            Tensor gradient = view.sameViewOf(Tensor.zeros(arena, DType.F32, 3, 96));
            assertEquals(4 * (96 + 32), gradient.offset());
        }
    }
}
