package dev.heddle.checkpoint.family;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.Repository;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Model;
import dev.heddle.core.pass.Executor;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.StatePool;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The reference checkpoints as llama.cpp's converter turned them into GGUF files of f32, against the logits of the
/// checkpoints they were made from.
class GgufFixtureTest {
    static Stream<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(Repository.path("testdata/gguf"))) {
            return files.filter(file -> file.getFileName().toString().matches("[^.]+\\.gguf"))
                    .filter(file -> !file.getFileName().toString().matches(".*-0000[2-9]-of-.*"))
                    .filter(file -> !file.endsWith("mamba2.gguf"))
                    .sorted().toList().stream();
        }
    }

    private static Path fixture(Path file) {
        String name = file.getFileName().toString().replaceFirst("(-split-00001-of-.*)?\\.gguf", "");
        return Repository.fixtures().resolve(name);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("files")
    void logitsAreThoseOfTheCheckpoint(Path file) {
        Golden golden = Golden.read(fixture(file));
        try (Checkpoint checkpoint = Checkpoint.open(file);
                Backend backend = CpuBackend.of(CpuBackend.Choice.VECTOR, 2);
                Executor executor = new Executor(backend)) {
            Model model = checkpoint.model();
            try (StatePool pool = new StatePool(backend, model.states(), DType.F32)) {
                for (int b = 0; b < golden.ids().length; b++) {
                    try (SequenceState sequence = pool.open()) {
                        int[] ids = golden.ids()[b];
                        int half = ids.length / 2;
                        float[] first = feed(executor, model, sequence, Arrays.copyOf(ids, half));
                        float[] second = feed(executor, model, sequence, Arrays.copyOfRange(ids, half, ids.length));
                        float[] all = Arrays.copyOf(first, first.length + second.length);
                        System.arraycopy(second, 0, all, first.length, second.length);
                        assertClose(golden.logits()[b], all, golden.tolerance());
                    }
                }
            }
        }
    }

    /// The fixture normalises both groups of channels together, as HF Transformers does; a GGUF file means mamba_ssm's norm
    /// of each group. So the parameters are compared, and that norm by Nemotron-H, whose norm is the same in both.
    @Test
    void parametersOfMamba2AreThoseOfTheCheckpoint() {
        Path file = Repository.path("testdata/gguf/mamba2.gguf");
        try (Checkpoint converted = Checkpoint.open(file); Checkpoint original = Checkpoint.open(fixture(file))) {
            Map<String, Tensor> expected = original.model().parameters();
            Map<String, Tensor> actual = converted.model().parameters();
            assertEquals(expected.keySet(), actual.keySet());
            expected.forEach((name, tensor) -> assertArrayEquals(tensor.toFloats(), actual.get(name).toFloats(), 1e-6f, name));
            assertEquals(2, ((Mamba2Spec) ((ResidualSpec) converted.spec().blocks().getFirst()).body()).normGroups());
        }
    }

    private static float[] feed(Executor executor, Model model, SequenceState sequence, int[] tokens) {
        Pass pass = Pass.of(executor, List.of(sequence), List.of(tokens), Optional.empty());
        int[] rows = new int[tokens.length];
        Arrays.setAll(rows, i -> i);
        float[] logits = executor.backend().read(model.logits(pass, rows));
        Model.advance(List.of(sequence), List.of(tokens));
        return logits;
    }

    private static void assertClose(float[] expected, float[] actual, double tolerance) {
        assertEquals(expected.length, actual.length);
        double worst = 0;
        for (int i = 0; i < expected.length; i++) {
            worst = Math.max(worst, Math.abs(expected[i] - actual[i]));
        }
        assertTrue(worst <= tolerance, "worst difference " + worst + ", tolerance " + tolerance);
    }
}
