package dev.heddle.checkpoint.family;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.Repository;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Differentiation;
import dev.heddle.core.model.Model;
import dev.heddle.core.model.analysis.TrainingMemory;
import dev.heddle.core.pass.Training;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Blocks that run once more for the backward give the gradients of a pass that keeps everything, bit by bit: in every
/// family, so with shared blocks, values for later layers, shared keys and values, and experts.
class RecomputationTest {
    static Stream<String> fixtures() throws IOException {
        try (Stream<Path> fixtures = FixtureTest.fixtures()) {
            return fixtures.map(fixture -> fixture.getFileName().toString()).toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("fixtures")
    void gradientsAreTheSameBits(String fixture) {
        int[] ids = Golden.read(Repository.fixtures().resolve(fixture)).ids()[0];
        List<int[]> tokens = List.of(Arrays.copyOf(ids, Math.min(ids.length, 33)), new int[] {1, 2, 3}, new int[] {5, 4});
        try (Checkpoint checkpoint = Checkpoint.open(Repository.fixtures().resolve(fixture));
                Backend backend = CpuBackend.of(CpuBackend.Choice.VECTOR, 2)) {
            Model model = checkpoint.model();
            try (Differentiation kept = new Differentiation(model, backend, tokens);
                    Differentiation again = new Differentiation(model, backend, tokens, Training.recomputing(true))) {
                assertEquals(kept.loss(), again.loss());
                for (String name : model.parameters().keySet()) {
                    Optional<float[]> expected = kept.gradient(name);
                    assertEquals(expected.isPresent(), again.gradient(name).isPresent(), name);
                    expected.ifPresent(values -> assertArrayEquals(values, again.gradient(name).orElseThrow(), name));
                }
                assertTrue(TrainingMemory.of(model.spec(), 32, 2, Training.recomputing(true)).activations()
                        < TrainingMemory.of(model.spec(), 32, 2, Training.PLAIN).activations());
            }
        }
    }
}
