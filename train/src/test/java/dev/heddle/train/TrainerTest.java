package dev.heddle.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Model;
import dev.heddle.core.pass.DropoutMask;
import dev.heddle.core.pass.Training;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.tensor.DType;
import dev.heddle.engine.measure.RandomParameters;
import dev.heddle.train.data.LaneSampler;
import dev.heddle.train.data.Stretch;
import dev.heddle.train.data.TokenShard;
import dev.heddle.train.data.TokenShardWriter;
import dev.heddle.train.diagnose.FirstNotFinite;
import dev.heddle.train.optimize.Optimizer;
import dev.heddle.train.optimize.ParameterGroup;
import dev.heddle.train.optimize.Schedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A small recurrent model learns what it is shown.
class TrainerTest {
    private static final int VOCABULARY = 32;

    @TempDir
    Path folder;

    private static ModelSpec spec() {
        NormSpec norm = NormSpec.rms(1e-5);
        LayerSpec block = ResidualSpec.of(norm, new Mamba1Spec(48, 8, 4, 4, true, false, NormSpec.NONE));
        return new ModelSpec("tiny", "mamba", VOCABULARY, 24, 0, ModelSpec.EmbeddingSpec.PLAIN, List.of(block, block),
                Map.of(), norm, ModelSpec.HeadSpec.of(true));
    }

    /// Documents that count upwards in steps of one or two.
    private TokenShard counting() {
        SplittableRandom random = new SplittableRandom(4);
        try (TokenShardWriter writer = new TokenShardWriter(folder.resolve("shard"), VOCABULARY)) {
            for (int d = 0; d < 200; d++) {
                int[] ids = new int[random.nextInt(2, 60)];
                int step = random.nextInt(1, 3);
                ids[0] = random.nextInt(VOCABULARY);
                for (int i = 1; i < ids.length; i++) {
                    ids[i] = (ids[i - 1] + step) % VOCABULARY;
                }
                writer.add(ids);
            }
            return writer.commit("counting");
        }
    }

    private List<Double> losses(TokenShard shard, int threads, boolean carry, int steps) {
        return losses(shard, threads, carry, steps, Training.PLAIN);
    }

    private List<Double> losses(TokenShard shard, int threads, boolean carry, int steps, Training training) {
        try (Backend backend = CpuBackend.of(CpuBackend.Choice.BEST, threads)) {
            Model model = new Model(spec(), new TrainableParameters(backend, new RandomParameters(backend, DType.F32, 1)));
            LaneSampler sampler = new LaneSampler(List.of(new LaneSampler.Source(shard, 1)), 4, 7);
            try (Optimizer optimizer = new Optimizer(backend, model.parameters(),
                    _ -> Optional.of(new ParameterGroup("all", 1e-2, 0.01)), Optimizer.Settings.USUAL);
                    TrainingPass pass = new TrainingPass(model, backend, 4, carry, training)) {
                List<Double> losses = new ArrayList<>();
                new Trainer(new Trainer.Settings(16, 2), sampler, pass, optimizer, Schedule.cosine(5, steps, 0.1))
                        .run(step -> losses.add(step.loss()), () -> false);
                return losses;
            }
        }
    }

    @Test
    void lossFallsFarBelowChance() {
        List<Double> losses = losses(counting(), 2, false, 60);
        assertEquals(60, losses.size());
        assertEquals(Math.log(VOCABULARY), losses.getFirst(), 0.5);
        assertTrue(losses.getLast() < 0.8, () -> "loss after 60 steps: " + losses.getLast());
    }

    @Test
    void theOperationThatFirstOverflowsIsNamed() {
        TokenShard shard = counting();
        try (Backend backend = CpuBackend.of(CpuBackend.Choice.BEST, 1)) {
            Model model = new Model(spec(), new TrainableParameters(backend, new RandomParameters(backend, DType.F32, 1)));
            List<Stretch> batch = new LaneSampler(List.of(new LaneSampler.Source(shard, 1)), 2, 7).next(16);
            assertEquals(Optional.empty(), FirstNotFinite.find(model, backend, List.of(batch), Training.PLAIN, 0));
            backend.fill(model.parameters().get("blocks.1.in_x.weight"), Float.MAX_VALUE);
            String found = FirstNotFinite.find(model, backend, List.of(batch), Training.PLAIN, 0).orElseThrow();
            assertTrue(found.startsWith("MatrixProduct.products gave") && found.contains("blocks.1.in_x.weight"), found);
        }
    }

    @Test
    void resumedTrainingHasTheSameLossesToTheLastDigit() throws IOException {
        TokenShard shard = counting();
        Training dropping = Training.PLAIN.withDropout(new DropoutMask(0.1, 3));
        List<Double> whole = losses(shard, 2, true, 12, dropping);
        List<Double> parts = new ArrayList<>();
        Path saved = Files.createDirectory(folder.resolve("state"));
        for (int stop : new int[] {5, 12}) {
            try (Backend backend = CpuBackend.of(CpuBackend.Choice.BEST, 2)) {
                Model model = new Model(spec(), new TrainableParameters(backend, new RandomParameters(backend, DType.F32, 1)));
                LaneSampler sampler = new LaneSampler(List.of(new LaneSampler.Source(shard, 1)), 4, 7);
                try (Optimizer optimizer = new Optimizer(backend, model.parameters(),
                        _ -> Optional.of(new ParameterGroup("all", 1e-2, 0.01)), Optimizer.Settings.USUAL);
                        TrainingPass pass = new TrainingPass(model, backend, 4, true, dropping)) {
                    if (TrainingState.isIn(saved)) {
                        assertThrows(TrainingException.class, () -> TrainingState.restore(saved, backend, model.parameters(),
                                optimizer, sampler, pass, "another"));
                        TrainingState.restore(saved, backend, model.parameters(), optimizer, sampler, pass, "same");
                    }
                    new Trainer(new Trainer.Settings(16, 2), sampler, pass, optimizer, Schedule.cosine(5, 12, 0.1))
                            .run(step -> parts.add(step.loss()), () -> optimizer.step() == stop);
                    TrainingState.save(saved, backend, model.parameters(), optimizer, sampler, pass, "same");
                }
            }
        }
        assertEquals(whole, parts);
    }

    /// What an evaluation derives from parameters must not outlive their update.
    @Test
    void evaluationSeesTheParametersAsTheyAre() {
        try (Backend backend = CpuBackend.of(CpuBackend.Choice.BEST, 1)) {
            Model model = new Model(spec(), new TrainableParameters(backend, new RandomParameters(backend, DType.F32, 1)));
            LaneSampler sampler = new LaneSampler(List.of(new LaneSampler.Source(counting(), 1)), 4, 7);
            List<Stretch> held = sampler.next(16);
            long predictions = held.stream().mapToLong(Stretch::predictions).sum();
            try (Optimizer optimizer = new Optimizer(backend, model.parameters(),
                    _ -> Optional.of(new ParameterGroup("all", 1e-2, 0.01)), Optimizer.Settings.USUAL);
                    TrainingPass pass = new TrainingPass(model, backend, 4, false)) {
                new Trainer(new Trainer.Settings(16, 1), sampler, pass, optimizer, Schedule.constant(20)).run(_ -> {
                    optimizer.clear();
                    double taped = pass.run(held, optimizer, predictions);
                    assertEquals(taped, pass.evaluate(held), 1e-4 * taped);
                    assertEquals(taped, pass.answer(held).loss(), 1e-4 * taped);
                }, () -> false);
            }
        }
    }

    @Test
    void threadsDoNotChangeABit() {
        TokenShard shard = counting();
        assertEquals(losses(shard, 1, true, 8), losses(shard, 2, true, 8));
    }

    @Test
    void runningBlocksOnceMoreDoesNotChangeABit() {
        TokenShard shard = counting();
        assertEquals(losses(shard, 2, true, 8), losses(shard, 2, true, 8, Training.recomputing(true)));
        assertEquals(losses(shard, 2, false, 8), losses(shard, 2, false, 8, Training.recomputing(true)));
    }

    @Test
    void dropoutDrawsTheSameWithAnyThreadsAndASecondRunOfBlocks() {
        TokenShard shard = counting();
        Training dropping = Training.PLAIN.withDropout(new DropoutMask(0.2, 3));
        List<Double> losses = losses(shard, 2, true, 8, dropping);
        assertEquals(losses, losses(shard, 1, true, 8, dropping));
        assertEquals(losses, losses(shard, 2, true, 8, dropping.withRecompute(true)));
        assertNotEquals(losses, losses(shard, 2, true, 8));
        assertNotEquals(losses, losses(shard, 2, true, 8, Training.PLAIN.withDropout(new DropoutMask(0.2, 4))));
    }
}
