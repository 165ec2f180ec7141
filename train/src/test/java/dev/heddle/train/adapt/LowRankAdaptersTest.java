package dev.heddle.train.adapt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.adapter.PeftAdapter;
import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.family.CheckpointParameters;
import dev.heddle.checkpoint.family.Binder;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.weights.Safetensors;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Model;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.train.TrainableParameters;
import dev.heddle.train.Trainer;
import dev.heddle.train.TrainingException;
import dev.heddle.train.TrainingPass;
import dev.heddle.train.TrainingState;
import dev.heddle.train.config.LoraConfig;
import dev.heddle.train.data.LaneSampler;
import dev.heddle.train.data.Stretch;
import dev.heddle.train.data.TokenShard;
import dev.heddle.train.data.TokenShardWriter;
import dev.heddle.train.optimize.Optimizer;
import dev.heddle.train.optimize.ParameterGroup;
import dev.heddle.train.optimize.Schedule;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Adapters against the published model they are written for: the file read back and merged by another path gives the
/// same losses, and gradients follow from those of that model's own tensors.
class LowRankAdaptersTest {
    private static final int RANK = 3;

    @TempDir
    Path folder;

    private static Path fixture(String name) {
        return Path.of(System.getProperty("heddle.repository")).resolve("testdata/fixtures").resolve(name);
    }

    private static List<Stretch> batch(int vocabulary) {
        SplittableRandom random = new SplittableRandom(11);
        int[] ids = random.ints(42, 0, vocabulary).toArray();
        return List.of(new Stretch(0, java.util.Arrays.copyOf(ids, 20), java.util.Arrays.copyOfRange(ids, 1, 21), false),
                new Stretch(1, java.util.Arrays.copyOfRange(ids, 21, 41), java.util.Arrays.copyOfRange(ids, 22, 42), false));
    }

    /// A model that can be trained, with adapters over it.
    private static final class Adapted implements AutoCloseable {
        final Backend backend = CpuBackend.of(CpuBackend.Choice.BEST, 2);
        final Model model;
        final LowRankAdapters adapters;
        final Optimizer optimizer;
        final TrainingPass pass;

        Adapted(Checkpoint checkpoint, LoraConfig config) {
            Binder binder = Binder.of(checkpoint.weights());
            checkpoint.family().bind(checkpoint.config(), checkpoint.spec(), binder);
            model = new Model(checkpoint.spec(), new TrainableParameters(backend, new CheckpointParameters(checkpoint.weights(), binder)));
            adapters = new LowRankAdapters(config, model, binder.bindings(), binder::shape, backend, 5);
            Map<String, Tensor> parameters = new LinkedHashMap<>(model.parameters());
            parameters.putAll(adapters.parameters());
            optimizer = new Optimizer(backend, parameters, name -> adapters.parameters().containsKey(name)
                    ? Optional.of(new ParameterGroup("adapters", 1e-2, 0)) : Optional.empty(), Optimizer.Settings.USUAL,
                    List.of(adapters));
            pass = new TrainingPass(model, backend, 2, false);
        }

        /// Fills every B, so that the model differs from its base.
        void disturb() {
            SplittableRandom random = new SplittableRandom(3);
            adapters.parameters().forEach((name, tensor) -> {
                if (name.endsWith(".lora_B")) {
                    float[] values = new float[(int) tensor.elements()];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = (float) (0.1 * random.nextGaussian());
                    }
                    TrainableParameters.write(backend, tensor, values);
                }
            });
            adapters.apply();
        }

        void write(Path folder) {
            try (Arena arena = Arena.ofConfined()) {
                adapters.adapter(arena, "base").write(folder, adapters.linearModules());
            }
        }

        @Override
        public void close() {
            pass.close();
            optimizer.close();
            adapters.close();
            backend.close();
        }
    }

    private static LoraConfig all() {
        return new LoraConfig(RANK, 6, List.of(LoraConfig.ALL), false);
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "mamba2", "falcon_h1", "zamba2", "qwen3_next", "jamba", "recurrent_gemma"})
    void lossesAndGradientsAreThoseOfTheMergedModel(String name) {
        Path file = folder.resolve("adapter");
        try (Checkpoint base = Checkpoint.open(fixture(name)); Adapted adapted = new Adapted(base, all())) {
            List<Stretch> batch = batch(base.spec().vocabulary());
            adapted.disturb();
            adapted.write(file);
            double loss = adapted.pass.run(batch, adapted.optimizer, 40);
            adapted.optimizer.pullBack();

            Checkpoint merged = base.adapted(file);
            try (Backend backend = CpuBackend.of(CpuBackend.Choice.BEST, 2)) {
                Model model = merged.model(source -> new TrainableParameters(backend, source));
                try (Optimizer full = new Optimizer(backend, model.parameters(), _ -> Optional.of(new ParameterGroup("all", 0, 0)),
                        Optimizer.Settings.USUAL); TrainingPass pass = new TrainingPass(model, backend, 2, false)) {
                    assertEquals(pass.run(batch, full, 40), loss, 1e-5 * loss);
                    Map<String, float[]> published = merged.gradients(parameter -> Optional.of(backend.read(full.gradient(parameter))));
                    PeftAdapter adapter = PeftAdapter.read(file);
                    assertEquals(2, adapter.scale());
                    adapter.modules().forEach((module, factors) -> compare(adapted, module, factors, published.get(module + ".weight")));
                }
            }
        }
    }

    /// dB = s·dW·Aᵀ and dA = s·Bᵀ·dW in double precision.
    private static void compare(Adapted adapted, String module, PeftAdapter.Factors factors, float[] dw) {
        int outputs = factors.b().rows();
        int inputs = factors.a().columns();
        double[] da = new double[RANK * inputs];
        double[] db = new double[outputs * RANK];
        for (int o = 0; o < outputs; o++) {
            for (int k = 0; k < RANK; k++) {
                for (int i = 0; i < inputs; i++) {
                    db[o * RANK + k] += 2.0 * dw[o * inputs + i] * factors.a().get((long) k * inputs + i);
                    da[k * inputs + i] += 2.0 * dw[o * inputs + i] * factors.b().get((long) o * RANK + k);
                }
            }
        }
        close(da, adapted.backend.read(adapted.optimizer.gradient(module + ".lora_A")), module + " A");
        close(db, adapted.backend.read(adapted.optimizer.gradient(module + ".lora_B")), module + " B");
    }

    private static void close(double[] expected, float[] actual, String what) {
        assertEquals(expected.length, actual.length, what);
        double norm = 0;
        double difference = 0;
        for (int i = 0; i < expected.length; i++) {
            norm += expected[i] * expected[i];
            difference += (expected[i] - actual[i]) * (expected[i] - actual[i]);
        }
        assertTrue(Math.sqrt(difference) <= 1e-3 * Math.sqrt(norm) + 1e-7,
                what + ": differs by " + Math.sqrt(difference) + " of " + Math.sqrt(norm));
    }

    @Test
    void onlyAdaptedWeightsMove() {
        try (Checkpoint base = Checkpoint.open(fixture("falcon_h1"));
                Adapted adapted = new Adapted(base, new LoraConfig(4, 8, List.of("q", "in_proj"), false))) {
            List<Stretch> batch = batch(base.spec().vocabulary());
            Map<String, float[]> before = values(adapted);
            double first = adapted.pass.evaluate(batch);
            double last = first;
            for (int step = 0; step < 30; step++) {
                adapted.optimizer.clear();
                last = adapted.pass.run(batch, adapted.optimizer, 40);
                adapted.optimizer.pullBack();
                adapted.optimizer.update(1, adapted.optimizer.norm());
            }
            assertTrue(last < 0.97 * first, first + " to " + last);
            values(adapted).forEach((name, now) -> {
                boolean target = name.matches(".*\\.(q|in_z|in_xbc|in_dt)\\.weight");
                assertEquals(!target, java.util.Arrays.equals(before.get(name), now), name);
            });
        }
    }

    @Test
    void resumedTrainingGoesOnToTheLastDigit() throws Exception {
        TokenShard shard;
        try (TokenShardWriter writer = new TokenShardWriter(folder.resolve("shard"), 64)) {
            for (int d = 0; d < 20; d++) {
                writer.add(new SplittableRandom(d).ints(30, 0, 64).toArray());
            }
            shard = writer.commit("random");
        }
        List<Double> whole = new ArrayList<>();
        List<Double> parts = new ArrayList<>();
        Path saved = Files.createDirectory(folder.resolve("state"));
        train(shard, saved, 0, 6, whole);
        train(shard, saved, 0, 3, parts);
        train(shard, saved, 3, 6, parts);
        assertEquals(6, whole.size());
        assertEquals(whole, parts);
    }

    private static void train(TokenShard shard, Path saved, int from, int to, List<Double> losses) {
        try (Checkpoint base = Checkpoint.open(fixture("mamba2")); Adapted adapted = new Adapted(base, all())) {
            LaneSampler sampler = new LaneSampler(List.of(new LaneSampler.Source(shard, 1)), 2, 7);
            Map<String, Tensor> trained = adapted.optimizer.parameters();
            assertEquals(adapted.adapters.parameters().keySet(), trained.keySet());
            if (from > 0) {
                TrainingState.restore(saved, adapted.backend, trained, adapted.optimizer, sampler, adapted.pass, "same");
            }
            new Trainer(new Trainer.Settings(16, 2), sampler, adapted.pass, adapted.optimizer, Schedule.constant(to))
                    .run(step -> losses.add(step.loss()), () -> false);
            TrainingState.save(saved, adapted.backend, trained, adapted.optimizer, sampler, adapted.pass, "same");
        }
    }

    private static Map<String, float[]> values(Adapted adapted) {
        Map<String, float[]> values = new HashMap<>();
        adapted.model.parameters().forEach((name, tensor) -> values.put(name, adapted.backend.read(tensor)));
        return values;
    }

    /// As the PEFT library names and shapes them.
    @Test
    void filesAreThoseOfPeft() {
        Path file = folder.resolve("adapter");
        try (Checkpoint base = Checkpoint.open(fixture("llama"));
                Adapted adapted = new Adapted(base, new LoraConfig(4, 8, List.of("q", "blocks.0.*.v"), false))) {
            adapted.write(file);
            Tensor stored = base.weights().tensor("model.layers.1.self_attn.q_proj.weight");
            try (WeightSource weights = Safetensors.open(file.resolve("adapter_model.safetensors"))) {
                Tensor a = weights.tensor("base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight");
                Tensor b = weights.tensor("base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight");
                assertArrayEquals(new long[] {4, stored.columns()}, a.shape());
                assertArrayEquals(new long[] {stored.rows(), 4}, b.shape());
                assertTrue(weights.contains("base_model.model.model.layers.0.self_attn.v_proj.lora_A.weight"));
                assertEquals(2 * (3 + 1), weights.names().size(), () -> weights.names().toString());
            }
            var config = Json.readObject(file.resolve("adapter_config.json"));
            assertEquals("LORA", config.path("peft_type").asText());
            assertEquals(4, config.path("r").asInt());
            assertEquals(8, config.path("lora_alpha").asInt());
            TreeSet<String> targets = new TreeSet<>();
            config.path("target_modules").forEach(target -> targets.add(target.asText()));
            assertEquals(new TreeSet<>(List.of("q_proj", "model.layers.0.self_attn.v_proj")), targets);
        }
    }

    @Test
    void whatDoesNotFitIsRefused() throws Exception {
        try (Checkpoint base = Checkpoint.open(fixture("llama")); Checkpoint other = Checkpoint.open(fixture("mamba2"))) {
            TrainingException unknown = assertThrows(TrainingException.class,
                    () -> new Adapted(base, new LoraConfig(4, 8, List.of("q_prj"), false)));
            assertTrue(unknown.getMessage().contains("no linear weight is called q_prj, did you mean q_proj?"), unknown.getMessage());
            Path file = folder.resolve("adapter");
            try (Adapted adapted = new Adapted(base, all())) {
                adapted.write(file);
            }
            assertTrue(assertThrows(CheckpointException.class, () -> other.adapted(file)).getMessage().contains("does not fit"));
            assertTrue(assertThrows(CheckpointException.class, () -> base.adapted(folder)).getMessage().contains("is no adapter"));
            Path config = file.resolve("adapter_config.json");
            Files.writeString(config, Files.readString(config).replace("\"use_dora\" : false", "\"use_dora\" : true"));
            assertTrue(assertThrows(CheckpointException.class, () -> base.adapted(file)).getMessage().contains("use_dora is true"));
        }
    }

    @Test
    void patternsFreezeWhatTheyCover() {
        List<String> names = List.of("embedding.weight", "blocks.0.mixer.q.weight", "blocks.0.norm.weight", "blocks.10.mixer.q.weight");
        assertEquals(java.util.Set.of("embedding.weight"), Freezing.of(List.of("embedding"), names));
        assertEquals(java.util.Set.of("blocks.0.mixer.q.weight", "blocks.0.norm.weight"), Freezing.of(List.of("blocks.0.*"), names));
        assertEquals(java.util.Set.of("blocks.0.norm.weight"), Freezing.of(List.of("*norm.weight"), names));
        assertTrue(assertThrows(TrainingException.class, () -> Freezing.of(List.of("embeding"), names)).getMessage()
                .contains("no parameter is called embeding, did you mean embedding?"));
        assertThrows(TrainingException.class, () -> Freezing.of(List.of("*"), names));
    }
}
