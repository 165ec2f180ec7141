package dev.heddle.checkpoint.family;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.Repository;
import dev.heddle.checkpoint.weights.Safetensors;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Differentiation;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Gradients under the checkpoint's own names against those other people's implementations computed:
/// ‖Δ‖ ≤ 1e-3·‖g‖ + 1e-5·‖all gradients‖ for each tensor.
class GradientTest {
    @ParameterizedTest(name = "{0}, {1} kernels")
    @CsvSource({"mamba, PLAIN", "mamba, VECTOR", "mamba2, PLAIN", "mamba2, VECTOR", "retnet, PLAIN", "hawk, PLAIN", "hawk, VECTOR",
            "blackmamba, PLAIN", "blackmamba, VECTOR"})
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

    private static double square(float[] values) {
        double sum = 0;
        for (float x : values) {
            sum += (double) x * x;
        }
        return sum;
    }
}
