package dev.heddle.checkpoint.family;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.Repository;
import dev.heddle.checkpoint.weights.Safetensors;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Differentiation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Gradients under the checkpoint's own names against those other people's implementations computed:
/// ‖Δ‖ ≤ 1e-3·‖g‖ + 1e-5·‖all gradients‖ for each tensor of every fixture.
class GradientTest {
    static Stream<Arguments> cases() throws IOException {
        try (Stream<Path> fixtures = FixtureTest.fixtures()) {
            return fixtures.flatMap(fixture -> Arrays.stream(new CpuBackend.Choice[] {CpuBackend.Choice.PLAIN,
                CpuBackend.Choice.VECTOR}).map(choice -> Arguments.of(fixture.getFileName().toString(), choice))).toList().stream();
        }
    }

    @ParameterizedTest(name = "{0}, {1} kernels")
    @MethodSource("cases")
    void gradientsEqualTheReferences(String fixture, CpuBackend.Choice choice) {
        Path folder = Repository.fixtures().resolve(fixture);
        Golden golden = Golden.read(folder);
        try (Checkpoint checkpoint = Checkpoint.open(folder); Backend backend = CpuBackend.of(choice, 2);
                WeightSource expected = Safetensors.open(folder.resolve("grads.safetensors"));
                Differentiation run = new Differentiation(checkpoint.model(), backend, List.of(golden.ids()))) {
            assertEquals(golden.loss(), run.loss(), 1e-5 * Math.abs(golden.loss()));
            Map<String, float[]> actual = checkpoint.gradients(run::gradient);
            Map<String, float[]> reference = new HashMap<>();
            double all = 0;
            for (String name : expected.names()) {
                reference.put(name, expected.tensor(name).toFloats());
                all += square(reference.get(name));
            }
            assertTrue(reference.keySet().containsAll(actual.keySet()), actual.keySet().toString());
            gatherTied(checkpoint.weights(), reference, actual.keySet());
            for (String name : reference.keySet()) {
                float[] g = reference.get(name);
                // tensors without influence (tables a checkpoint carries along) have no gradient here
                float[] difference = actual.getOrDefault(name, new float[g.length]).clone();
                for (int i = 0; i < g.length; i++) {
                    difference[i] -= g[i];
                }
                double distance = Math.sqrt(square(difference));
                double allowed = 1e-3 * Math.sqrt(square(g)) + 1e-5 * Math.sqrt(all);
                assertTrue(distance <= allowed, () -> name + ": distance " + distance + ", allowed " + allowed);
            }
        }
    }

    /// A checkpoint that repeats its tied head under a name of its own has there the head's part of the reference's
    /// gradient; the model has one tensor and one gradient.
    private static void gatherTied(WeightSource weights, Map<String, float[]> reference, Set<String> known) {
        for (String name : List.copyOf(reference.keySet())) {
            if (known.contains(name) || square(reference.get(name)) == 0) {
                continue;
            }
            float[] values = weights.tensor(name).toFloats();
            String tied = known.stream().filter(other -> Arrays.equals(weights.tensor(other).toFloats(), values)).findFirst()
                    .orElseThrow(() -> new AssertionError("nobody knows " + name + ", which has a gradient"));
            float[] part = reference.remove(name);
            for (int i = 0; i < part.length; i++) {
                reference.get(tied)[i] += part[i];
            }
        }
    }

    private static double square(float[] values) {
        double sum = 0;
        for (float x : values) {
            sum += (double) x * x;
        }
        return sum;
    }
}
