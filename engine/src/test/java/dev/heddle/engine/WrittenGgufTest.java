package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.gguf.export.GgufConversions;
import dev.heddle.checkpoint.quantize.FileType;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.state.SequenceState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What `heddle quantize` writes reads back as the same model, whatever its architecture.
class WrittenGgufTest {
    private static final Path FIXTURES = Path.of(System.getProperty("heddle.repository"), "testdata/fixtures");
    private static final int[] IDS = {1, 5, 9, 100, 7, 33, 2, 64, 90, 17, 3, 3, 126, 55, 8, 41};

    @TempDir
    Path folder;

    static List<String> fixtures() throws IOException {
        try (Stream<Path> all = Files.list(FIXTURES)) {
            return all.filter(one -> Files.isRegularFile(one.resolve("model.safetensors")))
                    .map(one -> one.getFileName().toString()).filter(name -> !name.equals("vim") && !name.equals("mambavision"))
                    .sorted().toList();
        }
    }

    /// f32 gives the same logits up to the order of the arithmetic; folded factors round once more. Quantized the model still
    /// runs and says much the same: tiny random models whose routers choose other experts differ by up to 0.43, unrelated
    /// logits by 1.4.
    @ParameterizedTest
    @MethodSource("fixtures")
    void readsBackAsTheSameModel(String fixture) {
        try (CpuBackend backend = CpuBackend.of(CpuBackend.Choice.BEST, 2);
                Checkpoint original = Checkpoint.open(FIXTURES.resolve(fixture))) {
            float[] expected = logits(original, backend);
            assertTrue(difference(expected, reread(original, FileType.F32, backend)) < 1e-4, () -> fixture + " f32");
            double q8 = difference(expected, reread(original, FileType.Q8_0, backend));
            assertTrue(q8 < 0.5, () -> fixture + " q8_0 " + q8);
        }
    }

    private float[] reread(Checkpoint original, FileType type, CpuBackend backend) {
        Path file = folder.resolve(type + ".gguf");
        GgufConversions.of(original, type).write(file, backend.workers(), (_, _, _) -> { });
        try (Checkpoint written = Checkpoint.open(file)) {
            assertEquals(original.spec().name(), written.spec().name());
            return logits(written, backend);
        }
    }

    private static float[] logits(Checkpoint checkpoint, CpuBackend backend) {
        try (LanguageModel model = LanguageModel.load(checkpoint, backend); SequenceState state = model.open()) {
            return model.allLogits(List.of(state), List.of(IDS));
        }
    }

    /// Root of the mean squared difference, divided by the deviation of what is expected.
    private static double difference(float[] expected, float[] actual) {
        double mean = 0;
        for (float x : expected) {
            mean += x / expected.length;
        }
        double variance = 0;
        double square = 0;
        for (int i = 0; i < expected.length; i++) {
            variance += (expected[i] - mean) * (expected[i] - mean);
            square += ((double) expected[i] - actual[i]) * ((double) expected[i] - actual[i]);
        }
        return Math.sqrt(square / variance);
    }
}
