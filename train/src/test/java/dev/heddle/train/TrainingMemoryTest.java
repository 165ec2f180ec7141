package dev.heddle.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.zoo.ModelSpecs;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Model;
import dev.heddle.core.model.analysis.TrainingMemory;
import dev.heddle.core.pass.Training;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.tensor.DType;
import dev.heddle.engine.measure.RandomParameters;
import dev.heddle.train.data.Stretch;
import dev.heddle.train.optimize.Optimizer;
import dev.heddle.train.optimize.ParameterGroup;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The memory a training step takes is what was computed before, and running blocks once more saves most of it.
class TrainingMemoryTest {
    private static final int LENGTH = 48;
    private static final int LANES = 3;

    private static long measured(ModelSpec spec, Training training) {
        try (Backend backend = CpuBackend.of(CpuBackend.Choice.BEST, 2)) {
            Model model = new Model(spec, new TrainableParameters(backend, new RandomParameters(backend, DType.F32, 1)));
            List<Stretch> stretches = IntStream.range(0, LANES)
                    .mapToObj(lane -> new Stretch(lane, new int[LENGTH], new int[LENGTH], false)).toList();
            try (Optimizer optimizer = new Optimizer(backend, model.parameters(),
                    _ -> Optional.of(new ParameterGroup("all", 1e-3, 0)), Optimizer.Settings.USUAL);
                    TrainingPass pass = new TrainingPass(model, backend, LANES, false, training)) {
                pass.run(stretches, optimizer, (long) LANES * LENGTH);
                return pass.peakActivations();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mamba", "falcon_h1", "jamba", "zamba2", "rwkv7", "sambay"})
    void activationsTakeWhatWasComputed(String fixture) {
        ModelSpec spec = (ModelSpec) ModelSpecs.of(Path.of(System.getProperty("heddle.repository"))
                .resolve("testdata/fixtures").resolve(fixture).resolve("config.json"));
        long[] peaks = new long[2];
        for (boolean recompute : new boolean[] {false, true}) {
            Training training = Training.recomputing(recompute);
            TrainingMemory computed = TrainingMemory.of(spec, LENGTH, LANES, training);
            assertEquals(computed.activations(), measured(spec, training), fixture + ", recompute " + recompute);
            peaks[recompute ? 1 : 0] = computed.activations();
        }
        assertTrue(peaks[1] < peaks[0], () -> peaks[1] + " with recompute, " + peaks[0] + " without");
    }
}
