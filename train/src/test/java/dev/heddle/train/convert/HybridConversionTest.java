package dev.heddle.train.convert;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.layer.Inventory;
import dev.heddle.core.layer.Layer;
import dev.heddle.core.layer.Layers;
import dev.heddle.core.layer.ParameterSource;
import dev.heddle.core.layer.Scope;
import dev.heddle.core.model.Model;
import dev.heddle.core.pass.Executor;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.StateLayout;
import dev.heddle.core.state.StatePool;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.train.TrainingException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class HybridConversionTest {
    private static final int[] TOKENS = IntStream.range(0, 19).map(i -> (i * 37 + 11) % 128).toArray();

    @TempDir
    Path folder;

    private static Path fixture(String name) {
        return Path.of(System.getProperty("heddle.repository")).resolve("testdata/fixtures").resolve(name);
    }

    private static float[] logits(Checkpoint checkpoint) {
        try (Backend backend = CpuBackend.of(CpuBackend.Choice.BEST, 1); Executor executor = new Executor(backend)) {
            Model model = checkpoint.model();
            try (StatePool states = new StatePool(backend, model.states(), DType.F32)) {
                Pass pass = Pass.of(executor, List.of(states.open()), List.of(TOKENS), Optional.empty());
                return backend.read(model.logits(pass, IntStream.range(0, TOKENS.length).toArray()));
            }
        }
    }

    private static byte[] bytes(Tensor tensor) {
        return Memory.ALL.asSlice(tensor.address(), tensor.bytes()).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "mixtral"})
    void withAllAttentionTheModelIsTheSame(String name) {
        Path out = folder.resolve(name);
        try (Checkpoint transformer = Checkpoint.open(fixture(name))) {
            HybridConversion same = HybridConversion.of(transformer, "A*", RecurrentMixer.MAMBA2, 1);
            assertEquals(0, same.summary().drawn().tensors() + same.summary().inherited().tensors());
            HybridCheckpoint.write(transformer, same, out);
            try (Checkpoint written = Checkpoint.open(out)) {
                assertArrayEquals(logits(transformer), logits(written));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"llama, MAMBA2", "mistral, GATED_DELTA", "qwen2, MAMBA2", "qwen2, LINEAR_ATTENTION", "qwen2, MAMBA1", "qwen2, RGLRU", "qwen3, RWKV7",
        "qwen3, MAMBA2", "gemma, RGLRU", "gemma2, MAMBA1", "gemma3_text, LINEAR_ATTENTION", "mixtral, RWKV7"})
    void whatIsNotReplacedIsKeptToTheBit(String name, RecurrentMixer mixer) {
        Path out = folder.resolve("hybrid");
        try (Checkpoint transformer = Checkpoint.open(fixture(name))) {
            int layers = transformer.spec().blocks().size();
            String pattern = "MA" + "M".repeat(layers - 2);
            HybridConversion hybrid = HybridConversion.of(transformer, pattern, mixer, 1);
            assertEquals(pattern, hybrid.letters());
            HybridCheckpoint.write(transformer, hybrid, out);
            Model before = transformer.model();
            try (Checkpoint written = Checkpoint.open(out)) {
                Model after = written.model();
                int kept = 0;
                for (String parameter : before.parameters().keySet()) {
                    Optional<Inventory.Placed> owner = before.inventory().parameters().get(parameter).layer();
                    if (owner.isEmpty() || !(owner.get().layer() instanceof AttentionSpec) || owner.get().use().startsWith("blocks.1")) {
                        assertEquals(before.parameters().get(parameter).dtype(), after.parameters().get(parameter).dtype(), parameter);
                        assertArrayEquals(bytes(before.parameters().get(parameter)), bytes(after.parameters().get(parameter)), parameter);
                        kept++;
                    }
                }
                assertFalse(hybrid.summary().newNames().contains("norm.weight") || hybrid.summary().leftBehind().contains("norm.weight"));
                assertEquals(hybrid.summary().kept().tensors(), kept + before.buffers().size());
                assertTrue(hybrid.summary().inherited().tensors() >= 2 * (layers - 1));
                float[] logits = logits(written);
                assertTrue(IntStream.range(0, logits.length).allMatch(i -> Float.isFinite(logits[i])));
                assertFalse(Arrays.equals(logits, logits(transformer)));
            }
        }
    }

    /// Values of a weight [H·width, D], a head of the `kv` stored ones for each of `heads`.
    private static double[][] expanded(Tensor weight, int kv, int heads) {
        int width = weight.rows() / kv;
        double[][] rows = new double[heads * width][];
        for (int h = 0; h < heads; h++) {
            for (int i = 0; i < width; i++) {
                float[] row = weight.rowRange(h / (heads / kv) * (long) width + i, h / (heads / kv) * (long) width + i + 1).toFloats();
                rows[h * width + i] = IntStream.range(0, row.length).mapToDouble(j -> row[j]).toArray();
            }
        }
        return rows;
    }

    private static double[] times(double[][] weight, double[] x) {
        return Arrays.stream(weight).mapToDouble(row -> IntStream.range(0, x.length).mapToDouble(i -> row[i] * x[i]).sum()).toArray();
    }

    /// A mixer of the hybrid alone, over rows [T, D].
    private static double[][] forward(ModelSpec spec, MixerSpec mixer, ParameterSource source, double[][] x) {
        try (Backend backend = CpuBackend.of(CpuBackend.Choice.BEST, 1); Executor executor = new Executor(backend)) {
            StateLayout layout = new StateLayout();
            Layer layer = Layers.build(mixer, Scope.root(spec, source, layout, new Inventory()));
            try (StatePool states = new StatePool(backend, layout, DType.F32); SequenceState sequence = states.open()) {
                Pass pass = Pass.of(executor, List.of(sequence), List.of(new int[x.length]), Optional.empty());
                Tensor rows = pass.take(x.length, spec.width());
                rows.copyFrom(floats(x));
                float[] y = backend.read(layer.forward(pass, rows));
                return IntStream.range(0, x.length).mapToObj(t -> IntStream.range(0, spec.width()).mapToDouble(i -> y[t * spec.width() + i]).toArray())
                        .toArray(double[][]::new);
            }
        }
    }

    private static float[] floats(double[][] rows) {
        float[] all = new float[rows.length * rows[0].length];
        for (int i = 0; i < all.length; i++) {
            all[i] = (float) rows[i / rows[0].length][i % rows[0].length];
        }
        return all;
    }

    private static double silu(double x) {
        return x / (1 + Math.exp(-x));
    }

    /// y[t] of each head: Σ_{s≤t} (φ(q[t])·φ(k[s])) φ'(v[s]), divided by the sum of the weights if `normalised`.
    private static double[][] linearAttention(Tensor[] qkv, AttentionSpec attention, double[][] x, DoubleUnaryOperator feature, DoubleUnaryOperator ofValue,
            boolean normalised) {
        int heads = attention.heads();
        double[][] q = Arrays.stream(x).map(row -> Arrays.stream(times(expanded(qkv[0], heads, heads), row)).map(feature).toArray()).toArray(double[][]::new);
        double[][] k = Arrays.stream(x).map(row -> Arrays.stream(times(expanded(qkv[1], attention.kvHeads(), heads), row)).map(feature).toArray())
                .toArray(double[][]::new);
        double[][] v = Arrays.stream(x).map(row -> Arrays.stream(times(expanded(qkv[2], attention.kvHeads(), heads), row)).map(ofValue).toArray())
                .toArray(double[][]::new);
        int width = attention.headDim();
        double[][] y = new double[x.length][heads * attention.valueDim()];
        for (int t = 0; t < x.length; t++) {
            for (int h = 0; h < heads; h++) {
                double sum = normalised ? 1e-6 : 0;
                for (int s = 0; s <= t; s++) {
                    double weight = 0;
                    for (int i = 0; i < width; i++) {
                        weight += q[t][h * width + i] * k[s][h * width + i];
                    }
                    sum += weight;
                    for (int i = 0; i < attention.valueDim(); i++) {
                        y[t][h * attention.valueDim() + i] += weight * v[s][h * attention.valueDim() + i];
                    }
                }
                for (int i = 0; normalised && i < attention.valueDim(); i++) {
                    y[t][h * attention.valueDim() + i] /= sum;
                }
            }
        }
        return y;
    }

    private static double[][] input(int width) {
        SplittableRandom random = new SplittableRandom(5);
        return IntStream.range(0, 11).mapToObj(_ -> random.doubles(width, -2, 2).toArray()).toArray(double[][]::new);
    }

    private static void assertClose(double[][] expected, double[][] actual) {
        double largest = Arrays.stream(expected).flatMapToDouble(Arrays::stream).map(Math::abs).max().orElseThrow();
        assertTrue(largest > 1e-3, "the comparison must not be of zeros");
        for (int t = 0; t < expected.length; t++) {
            assertArrayEquals(expected[t], actual[t], 2e-5 * largest, "row " + t);
        }
    }

    /// With Δ = 1, no decay, no skip and a convolution that passes its input on, Mamba-2 is linear attention of the
    /// activated queries, keys and values of the attention it came from, gated and normalised head by head.
    @Test
    void mamba2WithoutDecayIsLinearAttention() {
        try (Checkpoint transformer = Checkpoint.open(fixture("llama")); Arena arena = Arena.ofConfined()) {
            HybridConversion hybrid = HybridConversion.of(transformer, "M*", RecurrentMixer.MAMBA2, 3);
            Model model = transformer.model();
            Inventory.Placed placed = model.inventory().layers().stream().filter(of -> of.layer() instanceof AttentionSpec).findFirst().orElseThrow();
            AttentionSpec attention = (AttentionSpec) placed.layer();
            assertTrue(attention.kvHeads() < attention.heads(), "grouped heads are what the test is about");
            String path = placed.parameters() + ".";
            Mamba2Spec mixer = (Mamba2Spec) hybrid.mixer().orElseThrow();
            ParameterSource linear = (name, _, shape) -> {
                float[] values = hybrid.tensor(arena, path + name).toFloats();
                switch (name) {
                    case "conv.weight" -> IntStream.range(0, values.length).forEach(i -> values[i] = i % mixer.conv() == mixer.conv() - 1 ? 1 : 0);
                    case "in_dt.weight", "D" -> Arrays.fill(values, 0);
                    case "dt_bias" -> Arrays.fill(values, (float) Math.log(Math.E - 1));
                    case "A_log" -> Arrays.fill(values, -100);
                    case "gate_norm.weight" -> IntStream.range(0, values.length).forEach(i -> values[i] = 1 + 0.01f * i);
                    default -> { }
                }
                return Tensor.of(arena, values, shape);
            };
            double[][] x = input(hybrid.spec().width());
            Tensor[] qkv = Stream.of("q", "k", "v").map(name -> model.parameters().get(path + name + ".weight")).toArray(Tensor[]::new);
            double[][] y = linearAttention(qkv, attention, x, HybridConversionTest::silu, HybridConversionTest::silu, false);
            double[][] z = expanded(hybrid.tensor(arena, path + "in_z.weight"), 1, 1);
            double[][] o = expanded(model.parameters().get(path + "o.weight"), 1, 1);
            double[][] expected = new double[x.length][];
            for (int t = 0; t < x.length; t++) {
                double[] gate = times(z, x[t]);
                double[] gated = IntStream.range(0, gate.length).mapToDouble(i -> 0).toArray();
                for (int h = 0; h < attention.heads(); h++) {
                    double squares = 0;
                    for (int i = h * attention.valueDim(); i < (h + 1) * attention.valueDim(); i++) {
                        gated[i] = y[t][i] * silu(gate[i]);
                        squares += gated[i] * gated[i];
                    }
                    double scale = 1 / Math.sqrt(squares / attention.valueDim() + mixer.norm().epsilon());
                    for (int i = h * attention.valueDim(); i < (h + 1) * attention.valueDim(); i++) {
                        gated[i] *= scale * (1 + 0.01 * i);
                    }
                }
                expected[t] = times(o, gated);
            }
            assertClose(expected, forward(hybrid.spec(), mixer, linear, x));
        }
    }

    @Test
    void linearAttentionTakesEverythingFromAttention() {
        try (Checkpoint transformer = Checkpoint.open(fixture("llama")); Arena arena = Arena.ofConfined()) {
            HybridConversion hybrid = HybridConversion.of(transformer, "M*", RecurrentMixer.LINEAR_ATTENTION, 3);
            assertEquals(0, hybrid.summary().drawn().tensors());
            Model model = transformer.model();
            Inventory.Placed placed = model.inventory().layers().stream().filter(of -> of.layer() instanceof AttentionSpec).findFirst().orElseThrow();
            String path = placed.parameters() + ".";
            double[][] x = input(hybrid.spec().width());
            Tensor[] qkv = Stream.of("q", "k", "v").map(name -> model.parameters().get(path + name + ".weight")).toArray(Tensor[]::new);
            double[][] y = linearAttention(qkv, (AttentionSpec) placed.layer(), x, u -> u > 0 ? u + 1 : Math.exp(u), u -> u, true);
            double[][] o = expanded(model.parameters().get(path + "o.weight"), 1, 1);
            assertClose(Arrays.stream(y).map(row -> times(o, row)).toArray(double[][]::new), forward(hybrid.spec(), hybrid.mixer().orElseThrow(),
                    (name, _, _) -> hybrid.tensor(arena, path + name), x));
        }
    }

    @ParameterizedTest
    @EnumSource(RecurrentMixer.class)
    void aHybridOfHeddlesOwnFamilyCanBeConvertedFurther(RecurrentMixer mixer) {
        Path first = folder.resolve("first");
        Path second = folder.resolve("second");
        try (Checkpoint transformer = Checkpoint.open(fixture("llama"))) {
            HybridCheckpoint.write(transformer, HybridConversion.of(transformer, "A*", mixer, 1), first);
        }
        try (Checkpoint own = Checkpoint.open(first)) {
            HybridCheckpoint.write(own, HybridConversion.of(own, "M*", mixer, 1), second);
        }
        try (Checkpoint recurrent = Checkpoint.open(second)) {
            TrainingException no = assertThrows(TrainingException.class, () -> HybridConversion.of(recurrent, "A*", mixer, 1));
            assertTrue(no.getMessage().contains("is no transformer: layer 0 has another mixer"), no.getMessage());
        }
    }

    @Test
    void mixersOfARecurrentCheckpointAreTakenAsTheyAre() {
        Path out = folder.resolve("hybrid");
        try (Checkpoint transformer = Checkpoint.open(fixture("llama")); Checkpoint donor = Checkpoint.open(fixture("mamba2"))) {
            int layers = transformer.spec().blocks().size();
            int donors = donor.spec().blocks().size();
            HybridConversion hybrid = HybridConversion.of(transformer, Integer.toString(0), donor, 1);
            assertEquals("A" + "M".repeat(layers - 1), hybrid.letters());
            assertEquals(0, hybrid.summary().drawn().tensors() + hybrid.summary().inherited().tensors());
            HybridCheckpoint.write(transformer, hybrid, out);
            Model from = donor.model();
            String path = from.inventory().layers().stream().filter(placed -> placed.layer() instanceof Mamba2Spec
                    && placed.use().startsWith("blocks." + (layers - 1) * donors / layers)).findFirst().orElseThrow().parameters();
            try (Checkpoint written = Checkpoint.open(out)) {
                Model model = written.model();
                String to = model.inventory().layers().stream().filter(placed -> placed.layer() instanceof Mamba2Spec).toList().getLast().parameters();
                assertArrayEquals(from.parameters().get(path + ".out_proj.weight").toFloats(), model.parameters().get(to + ".out_proj.weight").toFloats());
                assertTrue(Float.isFinite(logits(written)[0]));
            }
        }
        try (Checkpoint transformer = Checkpoint.open(fixture("llama"));
                Checkpoint bundled = Checkpoint.open(Path.of(System.getProperty("heddle.repository")).resolve("models/story-falcon-h1"))) {
            assertTrue(assertThrows(TrainingException.class, () -> HybridConversion.of(transformer, "M*", bundled, 1)).getMessage().contains("width"));
            assertTrue(assertThrows(TrainingException.class, () -> HybridConversion.of(transformer, "M*", transformer, 1)).getMessage()
                    .contains("has no recurrent mixer"));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"MMMA*|8|MMMAMMMA", "(M*3 A)*2|8|MMMAMMMA", "A M,M A|4|AMMA", "3,7|8|MMMAMMMA", "M*|3|MMM", "M*4|4|MMMM", "0|1|A"})
    void patternsNameLayers(String pattern, int layers, String expected) {
        assertEquals(expected, HybridPattern.letters(HybridPattern.recurrent(pattern, layers), layers));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"MMA*|8|do not divide", "MMA|8|makes 3 layers", "MMMMMMMMM|8|more than the model's 8", "MXA|3|\"X\"", "(MA|2|closing parenthesis",
        "MA)|2|closing parenthesis", "M*A|2|no number", "8|8|layers 0 to 7", "99999999999|8|layers 0 to 7", "*|4|is empty", "M*99999|4|more than", "m|1|\"m\""})
    void badPatternsAreSaid(String pattern, int layers, String message) {
        TrainingException e = assertThrows(TrainingException.class, () -> HybridPattern.recurrent(pattern, layers));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }

    @Test
    void aFolderThatIsNotEmptyIsLeftAlone() throws IOException {
        Files.writeString(folder.resolve("precious"), "x");
        try (Checkpoint transformer = Checkpoint.open(fixture("llama"))) {
            HybridConversion hybrid = HybridConversion.of(transformer, "M*", RecurrentMixer.MAMBA2, 1);
            assertThrows(TrainingException.class, () -> HybridCheckpoint.write(transformer, hybrid, folder));
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(folder.resolve("precious")), left.toList());
        }
    }
}
