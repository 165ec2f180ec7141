package dev.heddle.checkpoint.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.gguf.GgufValue.Type;
import dev.heddle.checkpoint.gguf.export.Export;
import dev.heddle.checkpoint.gguf.export.Exports;
import dev.heddle.checkpoint.gguf.export.GgufConversion;
import dev.heddle.checkpoint.quantize.FileType;
import dev.heddle.core.model.Model;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufWriterTest {
    @TempDir
    Path folder;

    private long files() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.count();
        }
    }

    @Test
    void whatIsWrittenReadsBackTheSame() throws IOException {
        Map<String, GgufValue> values = new LinkedHashMap<>();
        values.put("general.architecture", new GgufValue.Text("größer"));
        values.put("a.u8", new GgufValue.Whole(Type.UINT8, 255));
        values.put("a.i16", new GgufValue.Whole(Type.INT16, -300));
        values.put("a.u64", new GgufValue.Whole(Type.UINT64, -1));
        values.put("a.f32", new GgufValue.Real(Type.FLOAT32, 1e-5f));
        values.put("a.f64", new GgufValue.Real(Type.FLOAT64, 0.1));
        values.put("a.flag", new GgufValue.Flag(true));
        values.put("a.texts", new GgufValue.Strings(List.of("", "ä", "b c")));
        values.put("a.wholes", new GgufValue.Wholes(Type.INT32, new long[] {1, -2, 3}));
        values.put("a.reals", new GgufValue.Reals(Type.FLOAT32, new double[] {0.5, -1}));
        values.put("a.flags", new GgufValue.Flags(new boolean[] {true, false}));
        Path file = folder.resolve("sub/x.gguf");
        try (GgufWriter writer = GgufWriter.to(file).metadata(values).declare("odd", DType.F16, 3).declare("none", DType.F32, 0)
                .declare("m", DType.Q8_0, 2, 3, 32).open()) {
            writer.write("odd", ByteBuffer.wrap(new byte[] {1, 2, 3, 4}));
            writer.write("odd", ByteBuffer.wrap(new byte[] {5, 6}));
            writer.write("m", ByteBuffer.allocate(6 * 34));
            writer.commit();
        }
        try (GgufFile read = GgufFile.open(file)) {
            assertEquals(List.of("odd", "none", "m"), List.copyOf(read.names()));
            assertArrayEquals(new long[] {2, 3, 32}, read.entry("m").shape());
            assertEquals(0, read.entry("m").offset() % 32);
            assertEquals(0x0605, Memory.i16(read.tensor("odd").address() + 4));
            assertEquals(values.keySet(), read.values().values().keySet());
            values.forEach((name, value) -> assertEquals(value.toString(), read.values().values().get(name).toString(), name));
        }
        assertEquals(0, Files.size(file) % 32);
        assertEquals(1, files());
    }

    @Test
    void anUnfinishedFileLeavesNothing() throws IOException {
        Path file = folder.resolve("x.gguf");
        try (GgufWriter writer = GgufWriter.to(file).declare("a", DType.F32, 4).declare("b", DType.F32, 1).open()) {
            assertThrows(IllegalStateException.class, () -> writer.write("b", ByteBuffer.allocate(4)));
            assertThrows(IllegalStateException.class, () -> writer.write("a", ByteBuffer.allocate(20)));
            writer.write("a", ByteBuffer.allocate(8));
            assertThrows(IllegalStateException.class, writer::commit);
        }
        assertEquals(0, files());
    }

    /// A number that is not finite has no place in blocks with scales; it is named, and no file remains.
    @Test
    void aDamagedModelIsRefused() throws IOException {
        NormSpec norm = NormSpec.rms(1e-5);
        ModelSpec spec = new ModelSpec("tiny", "mamba", 32, 32, 0, ModelSpec.EmbeddingSpec.PLAIN,
                List.of(ResidualSpec.of(norm, new Mamba1Spec(64, 16, 4, 2, true, false, NormSpec.NONE))), Map.of(), norm,
                ModelSpec.HeadSpec.of(true));
        try (Arena arena = Arena.ofConfined(); Workers workers = new Workers(2)) {
            Map<String, Tensor> parameters = new LinkedHashMap<>(new Model(spec, (_, _, shape) -> Tensor.zeros(arena, DType.F32, shape))
                    .parameters());
            parameters.get("blocks.0.in_z.weight").set(33, Float.POSITIVE_INFINITY);
            Export export = Exports.of(spec);
            GgufConversion conversion = new GgufConversion(export, List.of(), (name, _) -> parameters.get(name),
                    GgufConversion.types(export, FileType.Q8_0), GgufConversion.general("mamba", "tiny", FileType.Q8_0));
            CheckpointException e = assertThrows(CheckpointException.class,
                    () -> conversion.write(folder.resolve("x.gguf"), workers, (_, _, _) -> { }));
            assertEquals("blocks.0.in_z.weight holds Infinity (row 1, column 1); the model is damaged", e.getMessage());
        }
        assertEquals(0, files());
    }
}
