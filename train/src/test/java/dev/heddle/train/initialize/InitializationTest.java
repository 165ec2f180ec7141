package dev.heddle.train.initialize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Model;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.RgLruSpec;
import dev.heddle.core.spec.Rwkv4TimeMixSpec;
import dev.heddle.train.TrainableParameters;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/// Parameters begin with the distributions of their papers.
class InitializationTest {
    private static final int WIDTH = 256;
    private static final NormSpec NORM = NormSpec.rms(1e-5);

    private static void with(Consumer<Map<String, float[]>> check, LayerSpec... layers) {
        List<LayerSpec> blocks = Arrays.stream(layers).map(layer -> (LayerSpec) ResidualSpec.of(NORM, layer)).toList();
        ModelSpec spec = new ModelSpec("test", "heddle", 500, WIDTH, 0, ModelSpec.EmbeddingSpec.PLAIN, blocks, Map.of(), NORM,
                ModelSpec.HeadSpec.of(true));
        try (Backend backend = CpuBackend.of(CpuBackend.Choice.PLAIN, 1)) {
            Model model = new Model(spec, new TrainableParameters(backend));
            new Initialization(3).apply(model, backend);
            Map<String, float[]> values = new HashMap<>();
            model.parameters().forEach((name, tensor) -> values.put(name, backend.read(tensor)));
            check.accept(values);
        }
    }

    private static double mean(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += value;
        }
        return sum / values.length;
    }

    private static double deviation(float[] values) {
        double mean = mean(values);
        double sum = 0;
        for (float value : values) {
            sum += (value - mean) * (value - mean);
        }
        return Math.sqrt(sum / values.length);
    }

    /// The values in order, each as the share of values below it, must lie near the line of a uniform distribution
    /// (Kolmogorov and Smirnov; 1.95/√n is passed by chance once in a thousand times).
    private static void assertUniform(double[] values, double from, double to) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        for (int i = 0; i < sorted.length; i++) {
            double expected = (sorted[i] - from) / (to - from);
            assertTrue(Math.abs(expected - (i + 0.5) / sorted.length) < 1.95 / Math.sqrt(sorted.length) + 1.0 / sorted.length,
                    "value " + sorted[i] + " is number " + i + " of " + sorted.length);
        }
    }

    private static double[] map(float[] values, DoubleUnaryOperator function) {
        double[] mapped = new double[values.length];
        Arrays.setAll(mapped, i -> function.applyAsDouble(values[i]));
        return mapped;
    }

    @Test
    void matricesAreNormalAndResidualWritesShrinkWithDepth() {
        with(values -> {
            assertEquals(0, mean(values.get("embedding.weight")), 3e-4);
            assertEquals(0.02, deviation(values.get("embedding.weight")), 3e-4);
            assertEquals(0.02, deviation(values.get("blocks.0.q.weight")), 4e-4);
            assertEquals(0.02 / Math.sqrt(2), deviation(values.get("blocks.0.o.weight")), 4e-4);
            assertEquals(0.02 / Math.sqrt(2), deviation(values.get("blocks.1.down.weight")), 4e-4);
            for (float one : values.get("blocks.1.norm.weight")) {
                assertEquals(1, one);
            }
        }, AttentionSpec.of(4, 4, 64, PositionSpec.NONE), GatedMlpSpec.of(512, Activation.SILU));
    }

    @Test
    void mambaDecaysAndTimeSteps() {
        with(values -> {
            float[] logs = values.get("blocks.0.A_log");
            assertArrayEquals(new float[] {0, (float) Math.log(2), (float) Math.log(3)}, Arrays.copyOf(logs, 3), 1e-6f);
            assertEquals(Math.log(16), logs[15], 1e-6);
            assertUniform(map(values.get("blocks.0.dt_proj.bias"), x -> Math.log(Math.log1p(Math.exp(x)))), Math.log(1e-3),
                    Math.log(1e-1));
            assertUniform(map(values.get("blocks.0.conv.weight"), x -> x), -0.5, 0.5);
            assertUniform(map(values.get("blocks.0.dt_proj.weight"), x -> x), -0.25, 0.25);
        }, new Mamba1Spec(512, 16, 4, 16, true, false, NormSpec.NONE));
    }

    @Test
    void recurrentUnitForgetsBetweenTheRadiiOfGriffin() {
        with(values -> assertUniform(map(values.get("blocks.0.lambda"), x -> Math.exp(-16 * Math.log1p(Math.exp(x)))), 0.81,
                0.999 * 0.999), new RgLruSpec(WIDTH, 4, 4, Activation.GELU_TANH, true));
    }

    @Test
    void rwkvChannelsForgetAtDifferentRates() {
        with(values -> {
            float[] first = values.get("blocks.0.time_decay");
            float[] last = values.get("blocks.1.time_decay");
            assertEquals(-5, first[0]);
            assertEquals(3, first[WIDTH - 1], 1e-5);
            assertEquals(-5 + 8 * Math.pow(100.0 / 255, 0.7), first[100], 1e-5);
            assertEquals(-5 + 8 * Math.pow(100.0 / 255, 2), last[100], 1e-5);
            assertEquals(64.0 / 256, values.get("blocks.0.mix_k")[64], 1e-6);
        }, new Rwkv4TimeMixSpec(WIDTH), new Rwkv4TimeMixSpec(WIDTH));
    }
}
