package dev.heddle.checkpoint.family;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.Repository;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.weights.PickleWriter;
import dev.heddle.checkpoint.weights.Safetensors;
import dev.heddle.checkpoint.weights.SafetensorsWriter;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.checkpoint.zoo.Zoo;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.ImageBatch;
import dev.heddle.core.model.ImageDifferentiation;
import dev.heddle.core.model.ImageModel;
import dev.heddle.core.model.ShapeOnly;
import dev.heddle.core.pass.Executor;
import dev.heddle.core.pass.Workspace;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Image classifiers against logits and gradients of other people's implementations.
class ImageFixtureTest {
    private record Golden(ImageBatch pixels, int[] labels, float[] logits, float loss) {
        static Golden read(String fixture) {
            try (WeightSource source = Safetensors.open(folder(fixture).resolve("golden.safetensors"))) {
                Tensor pixels = source.tensor("pixel_values");
                Tensor labels = source.tensor("labels");
                int[] classes = new int[(int) labels.elements()];
                Arrays.setAll(classes, b -> (int) Memory.i64(labels.address() + 8L * b));
                return new Golden(new ImageBatch(pixels.toFloats(), (int) pixels.dim(0), (int) pixels.dim(1),
                        (int) pixels.dim(2), (int) pixels.dim(3)), classes, source.tensor("logits").toFloats(),
                        source.tensor("loss").get(0));
            }
        }

        /// 2e-4 of the standard deviation of all reference logits.
        double tolerance() {
            double sum = 0;
            double squares = 0;
            for (float x : logits) {
                sum += x;
                squares += (double) x * x;
            }
            double mean = sum / logits.length;
            return 2e-4 * Math.sqrt(squares / logits.length - mean * mean);
        }
    }

    private static Path folder(String fixture) {
        return Repository.fixtures().resolve(fixture);
    }

    private static float[] logits(String fixture, ImageBatch pixels, CpuBackend.Choice choice, int threads) {
        try (Backend backend = CpuBackend.of(choice, threads)) {
            return logits(fixture, pixels, backend);
        }
    }

    private static float[] logits(String fixture, ImageBatch pixels, Backend backend) {
        try (ImageCheckpoint checkpoint = ImageCheckpoint.open(folder(fixture));
                Executor executor = new Executor(backend, new Workspace(backend, true))) {
            return checkpoint.model(source -> (name, kind, shape) -> backend.place(source.parameter(name, kind, shape)))
                    .logits(executor, pixels);
        }
    }

    @ParameterizedTest(name = "{0}, {1} kernels, {2} threads")
    @CsvSource({"vim, PLAIN, 1", "vim, VECTOR, 1", "vim, VECTOR, 2", "mambavision, PLAIN, 1", "mambavision, VECTOR, 1",
            "mambavision, VECTOR, 2"})
    void logitsEqualTheReferencesAndEachImageAloneToTheBit(String fixture, CpuBackend.Choice choice, int threads) {
        Golden golden = Golden.read(fixture);
        float[] together = logits(fixture, golden.pixels(), choice, threads);
        assertEquals(golden.logits().length, together.length);
        for (int i = 0; i < together.length; i++) {
            assertEquals(golden.logits()[i], together[i], golden.tolerance(), "logit " + i);
        }
        int classes = together.length / golden.pixels().images();
        for (int b = 0; b < golden.pixels().images(); b++) {
            assertArrayEquals(logits(fixture, golden.pixels().image(b), choice, 1),
                    Arrays.copyOfRange(together, b * classes, (b + 1) * classes), "bits of image " + b);
        }
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"vim", "mambavision"})
    void runsWithoutReadingTensorsOnTheHost(String fixture) {
        ImageBatch pixels = Golden.read(fixture).pixels();
        try (GuardedBackend guarded = new GuardedBackend(CpuBackend.of(CpuBackend.Choice.VECTOR, 2))) {
            assertArrayEquals(logits(fixture, pixels, CpuBackend.Choice.VECTOR, 2), logits(fixture, pixels, guarded));
            assertTrue(guarded.calls() > 20, "kernels ran on the guarded device");
        }
    }

    /// As in [GradientTest]: ‖Δ‖ ≤ 1e-3·‖g‖ + 1e-5·‖all gradients‖ for each tensor.
    @ParameterizedTest(name = "{0}, {1} kernels")
    @CsvSource({"vim, PLAIN", "vim, VECTOR", "mambavision, PLAIN", "mambavision, VECTOR"})
    void gradientsEqualTheReferences(String fixture, CpuBackend.Choice choice) {
        Golden golden = Golden.read(fixture);
        try (ImageCheckpoint checkpoint = ImageCheckpoint.open(folder(fixture)); Backend backend = CpuBackend.of(choice, 2);
                WeightSource expected = Safetensors.open(folder(fixture).resolve("grads.safetensors"));
                ImageDifferentiation run = new ImageDifferentiation(checkpoint.model(), backend, golden.pixels(),
                        golden.labels())) {
            assertEquals(golden.loss(), run.loss(), 1e-5 * golden.loss());
            Map<String, float[]> actual = checkpoint.gradients(run::gradient);
            assertEquals(expected.names(), actual.keySet());
            Map<String, float[]> reference = new HashMap<>();
            expected.names().forEach(name -> reference.put(name, expected.tensor(name).toFloats()));
            double all = reference.values().stream().mapToDouble(ImageFixtureTest::square).sum();
            for (String name : reference.keySet()) {
                float[] difference = actual.get(name).clone();
                for (int i = 0; i < difference.length; i++) {
                    difference[i] -= reference.get(name)[i];
                }
                double distance = Math.sqrt(square(difference));
                double allowed = 1e-3 * Math.sqrt(square(reference.get(name))) + 1e-5 * Math.sqrt(all);
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

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"vim", "mambavision"})
    void everyStoredNumberIsALearnedParameterOrAStatistic(String fixture) throws IOException {
        JsonNode meta = new ObjectMapper().readTree(folder(fixture).resolve("meta.json").toFile());
        try (ImageCheckpoint checkpoint = ImageCheckpoint.open(folder(fixture))) {
            long statistics = checkpoint.weights().names().stream()
                    .filter(name -> name.endsWith(".running_mean") || name.endsWith(".running_var")
                            || name.endsWith(".num_batches_tracked"))
                    .mapToLong(name -> checkpoint.weights().tensor(name).elements()).sum();
            assertEquals(meta.get("parameters").asLong(), count(checkpoint.model()) + statistics);
        }
    }

    private static long count(ImageModel model) {
        return model.parameters().values().stream().mapToLong(Tensor::elements).sum();
    }

    /// By preset, published sizes in millions, some of them rounded and some cut.
    static Stream<Arguments> publishedSizes() {
        return Stream.of("vim-tiny 7", "vim-small 26", "vim-base 98", "mambavision-t 31.8", "mambavision-t2 35.1",
                "mambavision-s 50.1", "mambavision-b 97.7", "mambavision-l 227.9", "mambavision-l2 241.5",
                "mambavision-l2-512-21k 241.5", "mambavision-l3-256-21k 739.6", "mambavision-l3-512-21k 739.6")
                .map(line -> Arguments.of((Object[]) line.split(" ")));
    }

    @ParameterizedTest(name = "{0}: {1}M")
    @MethodSource("publishedSizes")
    void publishedSizesFollowFromTheConfigurations(String preset, String millions) {
        Config config = Zoo.config(Zoo.get(preset));
        ImageFamily family = ImageFamilies.of(config).orElseThrow();
        long count = count(new ImageModel(ImageCheckpoint.spec(config, family, preset), new ShapeOnly(DType.F32)));
        double unit = millions.contains(".") ? 1e5 : 1e6;
        double published = Double.parseDouble(millions) * 1e6;
        assertTrue(Math.round(count / unit) * unit == published || Math.floor(count / unit) * unit == published,
                count + " parameters");
    }

    @Test
    void vimWithoutAConfigurationIsKnownByItsTensors(@TempDir Path temporary) throws IOException {
        Path alone = Files.copy(folder("vim").resolve("model.safetensors"), temporary.resolve("vim_tiny.safetensors"));
        try (ImageCheckpoint inferred = ImageCheckpoint.open(alone); ImageCheckpoint written = ImageCheckpoint.open(folder("vim"))) {
            assertEquals(written.spec().backbone(), inferred.spec().backbone());
            assertEquals(written.spec().size(), inferred.spec().size());
            assertEquals("vim_tiny", inferred.spec().name());
        }
        assertTrue(ImageCheckpoint.isAt(alone));
        assertTrue(!ImageCheckpoint.isAt(folder("mamba")));
    }

    /// The authors publish `{"model": weights, …}` as a PyTorch archive and nothing beside it.
    @Test
    void vimAsItsAuthorsPublishIt(@TempDir Path temporary) throws IOException {
        Path archive = temporary.resolve("vim_t_midclstok.pth");
        Map<String, byte[]> entries = new LinkedHashMap<>();
        PickleWriter pickle = new PickleWriter().op('}').op('(').text("model").op('}').op('(');
        try (WeightSource source = Safetensors.open(folder("vim").resolve("model.safetensors"))) {
            for (String name : source.names()) {
                Tensor tensor = source.tensor(name);
                String key = Integer.toString(entries.size());
                long[] stride = new long[tensor.rank()];
                long elements = 1;
                for (int i = stride.length - 1; i >= 0; i--) {
                    stride[i] = elements;
                    elements *= tensor.dim(i);
                }
                pickle.text(name).tensor(key, elements, 0, tensor.shape(), stride);
                ByteBuffer bytes = ByteBuffer.allocate((int) tensor.bytes()).order(ByteOrder.LITTLE_ENDIAN);
                bytes.asFloatBuffer().put(tensor.toFloats());
                entries.put("archive/data/" + key, bytes.array());
            }
        }
        entries.put("archive/data.pkl", pickle.op('u').text("scaler").op('}').op('u').end());
        Files.write(archive, PickleWriter.zip(entries, false));
        Golden golden = Golden.read("vim");
        try (ImageCheckpoint checkpoint = ImageCheckpoint.open(archive); Backend backend = CpuBackend.of(CpuBackend.Choice.VECTOR, 2);
                Executor executor = new Executor(backend)) {
            assertArrayEquals(golden.logits(), checkpoint.model().logits(executor, golden.pixels()), (float) golden.tolerance());
        }
    }

    /// The hub's files name every tensor below `model.`.
    @Test
    void mambaVisionUnderTheHubsNames(@TempDir Path temporary) throws IOException {
        Map<String, Tensor> renamed = new LinkedHashMap<>();
        try (WeightSource source = Safetensors.open(folder("mambavision").resolve("model.safetensors"))) {
            source.names().forEach(name -> renamed.put("model." + name, source.tensor(name)));
            SafetensorsWriter.write(temporary.resolve("model.safetensors"), renamed, Map.of());
        }
        Files.copy(folder("mambavision").resolve("config.json"), temporary.resolve("config.json"));
        Golden golden = Golden.read("mambavision");
        try (ImageCheckpoint checkpoint = ImageCheckpoint.open(temporary); Backend backend = CpuBackend.of(CpuBackend.Choice.VECTOR, 2);
                Executor executor = new Executor(backend)) {
            assertArrayEquals(golden.logits(), checkpoint.model().logits(executor, golden.pixels()), (float) golden.tolerance());
        }
    }

    @Test
    void whatIsNoImageClassifierIsSaid() {
        String message = assertThrows(CheckpointException.class, () -> ImageCheckpoint.open(folder("mamba"))).getMessage();
        assertTrue(message.contains("no image classifier") && message.contains("mambavision, vim"), message);
    }
}
