package dev.heddle.core.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.layer.ParameterSource;
import dev.heddle.core.model.analysis.Selectivity;
import dev.heddle.core.pass.Executor;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.pass.Workspace;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.BidirectionalAttentionSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerScaleSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.LinearAttentionSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.MixtureOfLayersSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.S4dSpec;
import dev.heddle.core.spec.SequenceSpec;
import dev.heddle.core.spec.SpecException;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.StatePool;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Layers that no published checkpoint uses, as models of random parameters: what a sequence gives does not depend on how
/// it is cut into passes or on its company, and gradients are those of differences.
class DesignMixersTest {
    private static final int WIDTH = 12;
    private static final int VOCABULARY = 17;
    private static final int[] IDS = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 16, 0, 11, 3, 2, 3};
    private static final int[] OTHER = {2, 7, 1, 8, 2, 8, 1};

    private static final Mamba1Spec MAMBA = new Mamba1Spec(24, 4, 4, 2, true, false, NormSpec.NONE);

    static Stream<Arguments> layers() {
        return Stream.of(
                Arguments.of("S4D-Lin", new S4dSpec(8, S4dSpec.Form.LIN, Activation.GELU)),
                Arguments.of("S4D-Inv", new S4dSpec(6, S4dSpec.Form.INV, Activation.SILU)),
                Arguments.of("S4D-Real", new S4dSpec(5, S4dSpec.Form.REAL, Activation.GELU)),
                Arguments.of("linear attention", LinearAttentionSpec.of(3, 4)),
                Arguments.of("linear attention, unnormalised, identity", new LinearAttentionSpec(2, 5, 3, Activation.IDENTITY, false,
                        0, NormSpec.rmsUnweighted(1e-5), true)),
                Arguments.of("linear attention, normalised, sigmoid", new LinearAttentionSpec(2, 3, 7, Activation.SIGMOID, true,
                        1e-6, NormSpec.NONE, false)),
                Arguments.of("experts of Mamba", new MixtureOfLayersSpec(4, 2, MAMBA, Router.softmax())),
                Arguments.of("experts of S4D and an MLP each", new MixtureOfLayersSpec(3, 1, SequenceSpec.of(
                        ResidualSpec.of(NormSpec.rms(1e-5), new S4dSpec(4, S4dSpec.Form.REAL, Activation.GELU)),
                        new LayerScaleSpec(GatedMlpSpec.of(16, Activation.SILU))), Router.sigmoid().withChoiceBias(true).withBias(true))),
                Arguments.of("experts of experts", new MixtureOfLayersSpec(2, 2, new MixtureOfLayersSpec(3, 2,
                        LinearAttentionSpec.of(2, 4), Router.softmaxOfChosen()), Router.softmax().withNormalised(true, 1e-20))));
    }

    private static ModelSpec spec(LayerSpec layer) {
        LayerSpec block = ResidualSpec.of(NormSpec.rms(1e-5), layer);
        return new ModelSpec("test", "test", VOCABULARY, WIDTH, 0, ModelSpec.EmbeddingSpec.PLAIN, List.of(block, block), Map.of(),
                NormSpec.rms(1e-5), ModelSpec.HeadSpec.of(false));
    }

    /// Random values by name, the same at every call.
    private static final class RandomValues implements ParameterSource {
        private final Map<String, Tensor> made = new HashMap<>();

        @Override
        public Tensor parameter(String name, Kind kind, long... shape) {
            return made.computeIfAbsent(name, _ -> {
                SplittableRandom random = new SplittableRandom(name.hashCode());
                Tensor tensor = Tensor.zeros(Arena.ofAuto(), DType.F32, shape);
                boolean matrix = kind.staysStored();
                double middle = name.endsWith("norm.weight") ? 1 : name.endsWith("dt_log") ? -1 : 0;
                double spread = name.endsWith("router.weight") ? 2 : matrix ? 1.5 / Math.sqrt(shape[shape.length - 1]) : 0.7;
                for (long i = 0; i < tensor.elements(); i++) {
                    tensor.set(i, (float) (middle + spread * random.nextDouble(-1, 1)));
                }
                return tensor;
            });
        }
    }

    private static final class Machine implements AutoCloseable {
        final Model model;
        final Backend backend;
        final Executor executor;
        final StatePool pool;

        Machine(LayerSpec layer, CpuBackend.Choice choice, int threads) {
            model = new Model(spec(layer), new RandomValues());
            backend = CpuBackend.of(choice, threads);
            executor = new Executor(backend, new Workspace(backend, true));
            pool = new StatePool(backend, model.states(), DType.F32);
        }

        float[] feed(List<SequenceState> sequences, List<int[]> tokens) {
            Pass pass = Pass.of(executor, sequences, tokens, Optional.empty());
            int[] rows = new int[pass.tokens()];
            Arrays.setAll(rows, i -> i);
            float[] logits = backend.read(model.logits(pass, rows));
            Model.advance(sequences, tokens);
            return logits;
        }

        /// Logits of one sequence, fed in passes that begin at `cuts`.
        float[] alone(int[] ids, int... cuts) {
            float[] logits = new float[ids.length * VOCABULARY];
            try (SequenceState sequence = pool.open()) {
                int from = 0;
                for (int i = 0; i <= cuts.length; i++) {
                    int to = i == cuts.length ? ids.length : cuts[i];
                    float[] part = feed(List.of(sequence), List.of(Arrays.copyOfRange(ids, from, to)));
                    System.arraycopy(part, 0, logits, from * VOCABULARY, part.length);
                    from = to;
                }
            }
            return logits;
        }

        @Override
        public void close() {
            executor.close();
            pool.close();
            backend.close();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("layers")
    void prefillDecodeAndBatchesAreOneFunction(String name, LayerSpec layer) {
        int[] everyToken = new int[IDS.length - 1];
        Arrays.setAll(everyToken, i -> i + 1);
        float[] reference;
        try (Machine plain = new Machine(layer, CpuBackend.Choice.PLAIN, 1)) {
            reference = plain.alone(IDS);
            assertClose(reference, plain.alone(IDS, everyToken), "plain, decoded");
        }
        try (Machine one = new Machine(layer, CpuBackend.Choice.VECTOR, 1); Machine two = new Machine(layer, CpuBackend.Choice.VECTOR, 2)) {
            float[] whole = one.alone(IDS);
            assertClose(reference, whole, "vector");
            for (int[] cuts : new int[][] {everyToken, {1}, {7, 8}, {20}}) {
                assertClose(reference, one.alone(IDS, cuts), "cut at " + Arrays.toString(cuts));
            }
            List<SequenceState> sequences = new ArrayList<>(List.of(two.pool.open(), two.pool.open()));
            float[] together = two.feed(sequences, List.of(OTHER, IDS));
            assertArrayEquals(one.alone(OTHER), Arrays.copyOf(together, OTHER.length * VOCABULARY), "bits in a batch");
            assertArrayEquals(whole, Arrays.copyOfRange(together, OTHER.length * VOCABULARY, together.length), "bits in a batch");
            float[] steps = two.feed(sequences, List.of(new int[] {4}, new int[] {4}));
            float[] longer = one.alone(extended(OTHER), OTHER.length);
            assertArrayEquals(Arrays.copyOfRange(longer, longer.length - VOCABULARY, longer.length), Arrays.copyOf(steps, VOCABULARY),
                    "bits of a step in a batch");
        }
    }

    private static int[] extended(int[] ids) {
        int[] longer = Arrays.copyOf(ids, ids.length + 1);
        longer[ids.length] = 4;
        return longer;
    }

    private static void assertClose(float[] expected, float[] actual, String what) {
        double square = 0;
        for (float x : expected) {
            square += (double) x * x;
        }
        assertTrue(square > 0, "the model does something");
        assertArrayEquals(expected, actual, (float) (1e-5 * Math.sqrt(square / expected.length)), what);
    }

    /// Along its gradient a parameter changes the loss as fast as the gradient is long.
    @ParameterizedTest(name = "{0}")
    @MethodSource("layers")
    void gradientsAreThoseOfDifferences(String name, LayerSpec layer) {
        RandomValues values = new RandomValues();
        Model model = new Model(spec(layer), values);
        List<int[]> tokens = List.of(IDS, OTHER);
        try (Backend backend = CpuBackend.of(CpuBackend.Choice.VECTOR, 2)) {
            Map<String, float[]> gradients = new HashMap<>();
            double all = 0;
            try (Differentiation run = new Differentiation(model, backend, tokens)) {
                for (String parameter : model.parameters().keySet()) {
                    float[] gradient = run.gradient(parameter).orElseThrow();
                    gradients.put(parameter, gradient);
                    all += square(gradient);
                }
            }
            int checked = 0;
            for (String parameter : model.parameters().keySet()) {
                double length = Math.sqrt(square(gradients.get(parameter)));
                if (length < 1e-3 * Math.sqrt(all)) {
                    continue;
                }
                // the losses differ by about 0.002, far above the rounding of either, and no router changes its choice
                double step = Math.min(0.004, 0.001 / length);
                double slope = slope(model, backend, tokens, values.made.get(parameter), gradients.get(parameter), length, step);
                double half = slope(model, backend, tokens, values.made.get(parameter), gradients.get(parameter), length, step / 2);
                double extrapolated = (4 * half - slope) / 3;
                assertEquals(length, extrapolated, 2e-3 * length + 1e-4 * Math.sqrt(all), parameter);
                checked++;
            }
            assertTrue(checked > model.parameters().size() / 2, checked + " of " + model.parameters().size() + " parameters matter");
        }
    }

    private static double slope(Model model, Backend backend, List<int[]> tokens, Tensor parameter, float[] gradient, double length,
            double step) {
        float[] before = parameter.toFloats();
        double[] losses = new double[2];
        for (int side = 0; side < 2; side++) {
            for (int i = 0; i < before.length; i++) {
                parameter.set(i, (float) (before[i] + (2 * side - 1) * step * gradient[i] / length));
            }
            losses[side] = loss(model, backend, tokens);
        }
        parameter.copyFrom(before);
        return (losses[1] - losses[0]) / (2 * step);
    }

    /// The mean next-token loss, summed in double precision.
    private static double loss(Model model, Backend backend, List<int[]> tokens) {
        try (Executor executor = new Executor(backend); StatePool pool = new StatePool(backend, model.states(), DType.F32)) {
            List<SequenceState> sequences = tokens.stream().map(_ -> pool.open()).toList();
            Pass pass = Pass.of(executor, sequences, tokens, Optional.empty());
            int[] rows = new int[pass.tokens()];
            Arrays.setAll(rows, i -> i);
            float[] logits = backend.read(model.logits(pass, rows));
            double sum = 0;
            int count = 0;
            int row = 0;
            for (int[] ids : tokens) {
                for (int t = 0; t < ids.length; t++, row++) {
                    if (t + 1 < ids.length) {
                        double total = 0;
                        for (int v = 0; v < VOCABULARY; v++) {
                            total += Math.exp(logits[row * VOCABULARY + v]);
                        }
                        sum += Math.log(total) - logits[row * VOCABULARY + ids[t + 1]];
                        count++;
                    }
                }
            }
            return sum / count;
        }
    }

    private static double square(float[] values) {
        double sum = 0;
        for (float x : values) {
            sum += (double) x * x;
        }
        return sum;
    }

    static Stream<MixerSpec> recurrences() {
        return Stream.of(new S4dSpec(8, S4dSpec.Form.LIN, Activation.GELU), new S4dSpec(6, S4dSpec.Form.INV, Activation.SILU),
                new S4dSpec(4, S4dSpec.Form.REAL, Activation.GELU), MAMBA, LinearAttentionSpec.of(3, 4));
    }

    /// What a mixer remembers is linear in its input exactly if it does not select.
    @ParameterizedTest(name = "{0}")
    @MethodSource("recurrences")
    void selectionIsWhatItsStatesSay(MixerSpec mixer) {
        double nonlinearity = nonlinearity(mixer);
        if (Selectivity.of(mixer).isTimeInvariant()) {
            assertEquals(0, nonlinearity, 1e-5);
        } else {
            assertTrue(nonlinearity > 0.05, "selects, but its state is linear in the input");
        }
        assertEquals(mixer instanceof S4dSpec, Selectivity.of(mixer).isTimeInvariant());
    }

    /// ‖h(2x) − 2h(x)‖ / ‖2h(x)‖ of the last state that the first layer keeps.
    private static double nonlinearity(LayerSpec layer) {
        float[] once = state(layer, 1);
        float[] twice = state(layer, 2);
        double difference = 0;
        for (int i = 0; i < once.length; i++) {
            difference += Math.pow(twice[i] - 2 * once[i], 2);
        }
        return Math.sqrt(difference) / (2 * Math.sqrt(square(once)));
    }

    private static float[] state(LayerSpec layer, double scale) {
        ModelSpec spec = new ModelSpec("test", "test", VOCABULARY, WIDTH, 0, new ModelSpec.EmbeddingSpec(scale, NormSpec.NONE),
                List.of(layer), Map.of(), NormSpec.rms(1e-5), ModelSpec.HeadSpec.of(false));
        Model model = new Model(spec, new RandomValues());
        try (Backend backend = CpuBackend.of(CpuBackend.Choice.VECTOR, 1); Executor executor = new Executor(backend);
                StatePool pool = new StatePool(backend, model.states(), DType.F32); SequenceState sequence = pool.open()) {
            model.hidden(Pass.of(executor, List.of(sequence), List.of(IDS), Optional.empty()));
            Tensor last = pool.recurrent(model.states().recurrent().size() - 1);
            return backend.read(last.rowRange(sequence.slot(), sequence.slot() + 1L));
        }
    }

    @Test
    void layersThatSeeTheFutureAreRefusedInLanguageModels() {
        String message = assertThrows(SpecException.class,
                () -> new Model(spec(new BidirectionalAttentionSpec(3, 4, true, true)), new RandomValues())).getMessage();
        assertTrue(message.contains("tokens to come"), message);
    }
}
