package dev.heddle.checkpoint.family;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.core.model.Model;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What a model has read from a checkpoint, written again, is that checkpoint: names, shapes and values.
class PublishedTensorsTest {
    @ParameterizedTest(name = "{0}")
    @MethodSource("dev.heddle.checkpoint.family.FixtureTest#fixtures")
    void writingUndoesReading(Path fixture) {
        try (Checkpoint checkpoint = Checkpoint.open(fixture); Arena arena = Arena.ofConfined()) {
            Model model = checkpoint.model();
            Map<String, Tensor> read = new LinkedHashMap<>(model.parameters());
            read.putAll(model.buffers());
            Map<String, Tensor> written = checkpoint.published(arena, read);
            Set<String> expected = new TreeSet<>(checkpoint.weights().names());
            expected.removeAll(checkpoint.ignored());
            assertEquals(expected, new TreeSet<>(written.keySet()));
            for (String name : expected) {
                Tensor original = checkpoint.weights().tensor(name);
                assertArrayEquals(original.shape(), written.get(name).shape(), name);
                // decays stored as logarithms come back through exp and log
                assertArrayEquals(original.toFloats(), written.get(name).toFloats(), 1e-6f, name);
            }
        }
    }
}
