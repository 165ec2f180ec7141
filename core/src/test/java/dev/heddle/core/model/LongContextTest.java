package dev.heddle.core.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.layer.Initial;
import dev.heddle.core.layer.Inventory;
import dev.heddle.core.layer.ParameterSource;
import dev.heddle.core.pass.Executor;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.GatedDeltaNetSpec;
import dev.heddle.core.spec.LinearAttentionSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.RetentionSpec;
import dev.heddle.core.spec.RgLruSpec;
import dev.heddle.core.spec.Rwkv4TimeMixSpec;
import dev.heddle.core.spec.Rwkv5TimeMixSpec;
import dev.heddle.core.spec.Rwkv6TimeMixSpec;
import dev.heddle.core.spec.Rwkv7TimeMixSpec;
import dev.heddle.core.spec.S4dSpec;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.StatePool;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Long contexts do not drift: a prefill in passes of [#PASS] rows on the fast kernels beside one pass of the plain ones,
/// which run a recurrence step by step in double precision from the first row to the last; and a sequence takes no more
/// memory at its end than after its first pass.
///
/// With `heddle.long` the prompt has 100,000 tokens and the curves go to `docs/figures`.
class LongContextTest {
    /// Largest difference of any element of the residual stream, relative to its largest element. Single steps differ by the
    /// rounding of f32 sums, below 1e-6; the slowest decays here reach back 10,000 positions and let it add up to 5e-6.
    private static final double TOLERANCE = 2e-5;

    private static final int PASS = 512;
    private static final int WIDTH = 32;
    private static final int VOCABULARY = 64;
    private static final boolean LONG = Boolean.getBoolean("heddle.long");
    private static final int LENGTH = LONG ? 100_000 : 2_000;

    /// Length of a stretch of positions whose largest error is one point of the curve.
    private static final int STRETCH = LONG ? 1000 : 100;

    private static Map<String, MixerSpec> mixers() {
        NormSpec rms = NormSpec.rms(1e-5);
        Map<String, MixerSpec> mixers = new LinkedHashMap<>();
        mixers.put("Mamba", new Mamba1Spec(64, 16, 4, 4, true, false, NormSpec.NONE));
        mixers.put("Mamba-2", new Mamba2Spec(4, 16, 16, 1, 4, 64, true, false, Mamba2Spec.Gate.GATE_THEN_NORM, rms, 1, 0,
                Double.POSITIVE_INFINITY, Mamba2Spec.Scales.ONE));
        mixers.put("RG-LRU", new RgLruSpec(32, 4, 4, Activation.GELU_TANH, true));
        mixers.put("RWKV-4", new Rwkv4TimeMixSpec(32));
        mixers.put("RWKV-5", new Rwkv5TimeMixSpec(2, 16, true, false, 1e-5));
        mixers.put("RWKV-6", new Rwkv6TimeMixSpec(2, 16, 16, 4, 8, 1e-5));
        mixers.put("RWKV-7", new Rwkv7TimeMixSpec(2, 16, 8, 8, 0, 8, 1e-5));
        mixers.put("Retention", new RetentionSpec(2, 16, 16, PositionSpec.Rotary.of(10_000, 16), RetentionSpec.Decay.POWERS_OF_TWO,
                true, rms));
        mixers.put("Gated delta net", new GatedDeltaNetSpec(2, 2, 16, 16, 4, Activation.SILU, 1, rms));
        mixers.put("Kimi delta attention", new GatedDeltaNetSpec(2, 2, 16, 16, 4, Activation.SILU, 1, rms, 8, 8, Activation.SIGMOID));
        mixers.put("Linear attention", LinearAttentionSpec.of(2, 16));
        mixers.put("S4D", new S4dSpec(16, S4dSpec.Form.LIN, Activation.GELU));
        return mixers;
    }

    @Test
    void prefillInPassesEqualsOneRunInDoublePrecision() throws IOException {
        Map<String, double[]> errors = new LinkedHashMap<>();
        Map<String, double[]> bytes = new LinkedHashMap<>();
        for (Map.Entry<String, MixerSpec> mixer : mixers().entrySet()) {
            Curve curve = run(mixer.getKey(), mixer.getValue());
            errors.put(mixer.getKey(), curve.error);
            bytes.put(mixer.getKey(), curve.bytes);
        }
        if (LONG) {
            LongContextFigure.write(Path.of(System.getProperty("heddle.repository"), "docs", "figures"), STRETCH, errors, bytes);
        }
        errors.forEach((name, curve) -> {
            double largest = Arrays.stream(curve).max().orElseThrow();
            assertTrue(largest <= TOLERANCE, () -> name + " differs by " + largest + ": " + Arrays.toString(curve));
        });
    }

    /// Points of a curve, one for each stretch.
    ///
    /// @param bytes of the sequence's state
    private record Curve(double[] error, double[] bytes) {
    }

    private record Bytes(long state, long scratch) {
    }

    private static Curve run(String name, MixerSpec mixer) {
        int[] ids = new SplittableRandom(3).ints(LENGTH, 0, VOCABULARY).toArray();
        ModelSpec spec = new ModelSpec(name, "heddle", VOCABULARY, WIDTH, 0, ModelSpec.EmbeddingSpec.PLAIN,
                List.of(ResidualSpec.of(NormSpec.rms(1e-5), mixer)), Map.of(), NormSpec.NONE, ModelSpec.HeadSpec.of(true));
        List<Bytes> memory = new ArrayList<>();
        float[] expected = hidden(spec, ids, LENGTH, CpuBackend.Choice.PLAIN, new ArrayList<>());
        float[] actual = hidden(spec, ids, PASS, CpuBackend.Choice.VECTOR, memory);
        double largest = 0;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        double[] error = new double[Math.ceilDiv(LENGTH, STRETCH)];
        for (int i = 0; i < expected.length; i++) {
            int stretch = i / WIDTH / STRETCH;
            // a NaN anywhere stays one
            error[stretch] = Math.max(error[stretch], Math.abs(expected[i] - actual[i]) / largest);
        }
        double[] bytes = new double[error.length];
        Arrays.setAll(bytes, i -> memory.get(Math.min(memory.size() - 1, i * STRETCH / PASS)).state);
        assertEquals(memory.getFirst(), memory.getLast(), name + ": memory after the first pass and after the last");
        return new Curve(error, bytes);
    }

    /// The residual stream of all rows, fed `step` rows at a time; adds the bytes in use after each pass to `bytes`.
    private static float[] hidden(ModelSpec spec, int[] ids, int step, CpuBackend.Choice choice, List<Bytes> bytes) {
        float[] all = new float[ids.length * WIDTH];
        try (CpuBackend backend = CpuBackend.of(choice, 2)) {
            Model model = new Model(spec, (_, _, shape) -> Tensor.of(backend.allocate(DType.F32.bytes(count(shape))), 0, DType.F32, shape));
            model.inventory().parameters().forEach((name, parameter) -> fill(name, parameter, model.parameters().get(name)));
            try (Executor executor = new Executor(backend); StatePool pool = new StatePool(backend, model.states(), DType.F32);
                    SequenceState sequence = pool.open()) {
                for (int from = 0; from < ids.length; from += step) {
                    List<int[]> tokens = List.of(Arrays.copyOfRange(ids, from, Math.min(ids.length, from + step)));
                    Tensor hidden = model.hidden(Pass.of(executor, List.of(sequence), tokens, Optional.empty()));
                    System.arraycopy(hidden.toFloats(), 0, all, from * WIDTH, (int) hidden.elements());
                    Model.advance(List.of(sequence), tokens);
                    bytes.add(new Bytes(sequence.bytes(), executor.workspace().bytes()));
                }
            }
        }
        return all;
    }

    private static long count(long[] shape) {
        return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    }

    /// Matrices that keep the variance of what passes, decays that reach back from one position to thousands, and small random
    /// values where training would begin at zero.
    private static void fill(String name, Inventory.Owned parameter, Tensor tensor) {
        long[] shape = tensor.shape();
        Initial initial = parameter.initial();
        if (name.endsWith("time_decay") || name.endsWith("decay.bias")) {
            initial = Initial.uniform(-9, 0.5);
        } else if (parameter.kind().staysStored()) {
            initial = Initial.normal(1 / Math.sqrt(shape[shape.length - 1]));
        } else if (initial == Initial.ZERO) {
            initial = Initial.uniform(-0.5, 0.5);
        }
        float[] values = new float[Math.toIntExact(tensor.elements())];
        initial.fill(values, shape, new SplittableRandom(name.hashCode()));
        tensor.copyFrom(values);
    }
}
