package dev.heddle.checkpoint.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.Repository;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
    @TempDir
    Path folder;

    @Test
    void whatIsWrittenReadsBackTheSame() throws IOException {
        Path copy = folder.resolve("sub/copy.safetensors");
        try (WeightSource original = Weights.open(Repository.path("testdata/fixtures/falcon_h1/model.safetensors"))) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            original.names().forEach(name -> tensors.put(name, original.tensor(name)));
            SafetensorsWriter.write(copy, tensors, Map.of("format", "pt", "quote\"", "ä\n"));
            try (WeightSource written = Weights.open(copy)) {
                assertEquals(List.copyOf(original.names()), List.copyOf(written.names()));
                assertEquals(Map.of("format", "pt", "quote\"", "ä\n"), written.metadata());
                for (String name : original.names()) {
                    assertEquals(tensors.get(name).dtype(), written.tensor(name).dtype());
                    assertArrayEquals(tensors.get(name).shape(), written.tensor(name).shape());
                    assertArrayEquals(tensors.get(name).toFloats(), written.tensor(name).toFloats(), name);
                }
            }
        }
        byte[] bytes = Files.readAllBytes(copy);
        assertEquals(0, (8 + ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong()) % 64);
        assertOnly(copy.getParent(), "copy.safetensors");
    }

    @Test
    void everyElementIsAlignedToItsSize() {
        try (Arena arena = Arena.ofConfined(); SafetensorsWriter writer = SafetensorsWriter.to(folder.resolve("a.safetensors"))
                .declare("u8", DType.U8, 3).declare("f64", DType.F64, 1).declare("bf16", DType.BF16, 5)
                .declare("f32", DType.F32, 3).declare("none", DType.F32, 0).declare("one", DType.I16).open()) {
            writer.write("bf16", Tensor.of(arena, new float[] {1, 2, 3, 4, 5}, 5));
            writer.write("one", Tensor.zeros(arena, DType.I16));
            writer.write("u8", Tensor.zeros(arena, DType.U8, 3));
            writer.write("none", Tensor.zeros(arena, DType.F32, 0));
            writer.write("f64", Tensor.of(arena, new float[] {0.5f}, 1));
            writer.write("f32", Tensor.of(arena, new float[] {7, 8, 9}, 3));
            writer.commit();
        }
        try (WeightSource weights = Weights.open(folder)) {
            assertEquals(List.of("u8", "f64", "bf16", "f32", "none", "one"), List.copyOf(weights.names()));
            for (String name : weights.names()) {
                Tensor tensor = weights.tensor(name);
                assertEquals(0, tensor.address() % tensor.dtype().size(), name);
            }
            assertArrayEquals(new float[] {1, 2, 3, 4, 5}, weights.tensor("bf16").toFloats());
            assertArrayEquals(new float[] {0.5f}, weights.tensor("f64").toFloats());
            assertArrayEquals(new float[] {7, 8, 9}, weights.tensor("f32").toFloats());
            assertArrayEquals(new float[] {0}, weights.tensor("one").toFloats());
        }
    }

    @Test
    void writesViewsRowByRowAndConvertsFloats() {
        int rows = 300;
        int columns = 700;
        try (Arena arena = Arena.ofConfined()) {
            float[] values = new float[rows * columns];
            for (int i = 0; i < values.length; i++) {
                values[i] = i * 0.37f - 1000;
            }
            Tensor whole = Tensor.of(arena, values, rows, columns);
            Tensor cut = whole.columnRange(3, 600);
            try (SafetensorsWriter writer = SafetensorsWriter.to(folder.resolve("a.safetensors"))
                    .declare("whole", DType.BF16, rows, columns).declare("cut", DType.F32, rows, 597)
                    .declare("half", DType.F16, rows, 597).open()) {
                writer.write("whole", whole);
                writer.write("cut", cut);
                writer.write("half", cut);
                writer.commit();
            }
            Tensor rounded = Tensor.zeros(arena, DType.BF16, rows, columns);
            rounded.copyFrom(values);
            Tensor half = Tensor.zeros(arena, DType.F16, rows, 597);
            half.copyFrom(cut.toFloats());
            try (WeightSource weights = Weights.open(folder)) {
                assertArrayEquals(rounded.toFloats(), weights.tensor("whole").toFloats());
                assertArrayEquals(cut.toFloats(), weights.tensor("cut").toFloats());
                assertArrayEquals(half.toFloats(), weights.tensor("half").toFloats());
            }
        }
    }

    @Test
    void theOldFileStaysUntilTheNewOneIsWhole() throws IOException {
        Path file = folder.resolve("a.safetensors");
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsWriter.write(file, Map.of("a", Tensor.of(arena, new float[] {1}, 1)), Map.of());
            try (SafetensorsWriter writer = SafetensorsWriter.to(file).declare("a", DType.F32, 1).declare("b", DType.F32, 1).open()) {
                writer.write("a", Tensor.of(arena, new float[] {2}, 1));
                IllegalStateException e = assertThrows(IllegalStateException.class, writer::commit);
                assertTrue(e.getMessage().contains("not written: [b]"), e.getMessage());
            }
            assertOnly(folder, "a.safetensors");
            try (WeightSource weights = Weights.open(file)) {
                assertArrayEquals(new float[] {1}, weights.tensor("a").toFloats());
                SafetensorsWriter.write(file, Map.of("a", Tensor.of(arena, new float[] {3}, 1)), Map.of());
                assertArrayEquals(new float[] {1}, weights.tensor("a").toFloats(), "a mapped file must not change");
            }
            try (WeightSource weights = Weights.open(file)) {
                assertArrayEquals(new float[] {3}, weights.tensor("a").toFloats());
            }
        }
    }

    @Test
    void refusesWhatWasNotDeclared() throws IOException {
        try (Arena arena = Arena.ofConfined(); SafetensorsWriter writer = SafetensorsWriter.to(folder.resolve("a.safetensors"))
                .declare("a", DType.I8, 2).open()) {
            Tensor tensor = Tensor.zeros(arena, DType.F32, 2);
            assertThrows(IllegalArgumentException.class, () -> writer.write("b", tensor));
            assertThrows(IllegalArgumentException.class, () -> writer.write("a", tensor));
            assertThrows(IllegalArgumentException.class, () -> writer.write("a", Tensor.zeros(arena, DType.I8, 2, 1)));
        }
        assertThrows(IllegalArgumentException.class, () -> SafetensorsWriter.to(folder).declare("a", DType.F32, -1));
        assertThrows(IllegalArgumentException.class, () -> SafetensorsWriter.to(folder).declare("__metadata__", DType.F32, 1));
        Files.writeString(folder.resolve("file"), "");
        CheckpointException e = assertThrows(CheckpointException.class,
                () -> SafetensorsWriter.write(folder.resolve("file/a.safetensors"), Map.of(), Map.of()));
        assertTrue(e.getMessage().contains("a.safetensors: cannot be written"), e.getMessage());
        assertOnly(folder, "file");
    }

    @Test
    void writesMoreThanTwoGibibytes() {
        assumeTrue(Boolean.getBoolean("heddle.long"), "writes 2.5 GB");
        long elements = 625_000_000L;
        Path file = folder.resolve("big.safetensors");
        try (Arena arena = Arena.ofConfined()) {
            Tensor big = Tensor.zeros(arena, DType.F32, elements);
            big.set(elements - 1, 5);
            big.set(536_870_912, 6); // the first element past 2 GiB
            SafetensorsWriter.write(file, Map.of("big", big, "after", Tensor.of(arena, new float[] {7, 8}, 2)), Map.of());
        }
        try (WeightSource weights = Weights.open(file)) {
            assertEquals(5, weights.tensor("big").get(elements - 1));
            assertEquals(6, weights.tensor("big").get(536_870_912));
            assertEquals(0, weights.tensor("big").get(536_870_911));
            assertArrayEquals(new float[] {7, 8}, weights.tensor("after").toFloats());
        }
    }

    private static void assertOnly(Path folder, String name) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(name), files.map(file -> file.getFileName().toString()).toList());
        }
    }
}
