package dev.heddle.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Model;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.train.convert.HybridCheckpoint;
import dev.heddle.train.convert.HybridConversion;
import dev.heddle.train.convert.RecurrentMixer;
import dev.heddle.train.data.LaneSampler;
import dev.heddle.train.data.Stretch;
import dev.heddle.train.data.TokenShard;
import dev.heddle.train.data.TokenShardWriter;
import dev.heddle.train.optimize.Optimizer;
import dev.heddle.train.optimize.ParameterGroup;
import dev.heddle.train.optimize.Schedule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A hybrid of the tiny Llama learns from it.
class DistillationTest {
    private static final Path LLAMA = Path.of(System.getProperty("heddle.repository")).resolve("testdata/fixtures/llama");

    @TempDir
    Path folder;
    private TokenShard shard;

    @BeforeEach
    void documents() {
        try (TokenShardWriter writer = new TokenShardWriter(folder.resolve("shard"), 128, false)) {
            SplittableRandom random = new SplittableRandom(3);
            for (int d = 0; d < 40; d++) {
                writer.add(random.ints(random.nextInt(2, 60), 0, 128).toArray());
            }
            shard = writer.commit("random");
        }
    }

    private Path hybrid() {
        Path out = folder.resolve("hybrid");
        if (!Files.exists(out)) {
            try (Checkpoint transformer = Checkpoint.open(LLAMA)) {
                HybridCheckpoint.write(transformer, HybridConversion.of(transformer, "MMA", RecurrentMixer.MAMBA2, 1), out);
            }
        }
        return out;
    }

    private LaneSampler sampler() {
        return new LaneSampler(List.of(new LaneSampler.Source(shard, 1)), 3, 7);
    }

    /// A student and its teacher on one backend.
    private final class Lesson implements AutoCloseable {
        final Backend backend;
        final Checkpoint teacher = Checkpoint.open(LLAMA);
        final Checkpoint start;
        final Model model;
        final Optimizer optimizer;
        final Teacher teaches;
        final TrainingPass pass;

        Lesson(Path student, double weight, double temperature, boolean carry, int threads) {
            backend = CpuBackend.of(CpuBackend.Choice.BEST, threads);
            start = Checkpoint.open(student);
            Model stored = start.model();
            model = new Model(start.spec(), new TrainableParameters(backend, (name, _, _) -> stored.parameters().get(name)));
            optimizer = new Optimizer(backend, model.parameters(), _ -> Optional.of(new ParameterGroup("all", 3e-3, 0)), Optimizer.Settings.USUAL);
            teaches = new Teacher(teacher.model(), backend, 3, weight, temperature);
            pass = new TrainingPass(model, backend, 3, carry).withTeacher(teaches);
        }

        double loss(List<Stretch> batch) {
            optimizer.clear();
            long predictions = batch.stream().mapToLong(Stretch::predictions).sum();
            return pass.run(batch, optimizer, predictions) / predictions;
        }

        @Override
        public void close() {
            pass.close();
            optimizer.close();
            backend.close();
            start.close();
            teacher.close();
        }
    }

    @Test
    void fromItselfAModelLearnsNothing() {
        List<Stretch> batch = sampler().next(24);
        try (Lesson lesson = new Lesson(LLAMA, 1, 2, false, 1); Lesson other = new Lesson(hybrid(), 1, 2, false, 1)) {
            assertEquals(0, lesson.loss(batch), 1e-6);
            assertTrue(other.loss(batch) > 1e-3);
            assertTrue(lesson.optimizer.norm() < 1e-5 * other.optimizer.norm(), lesson.optimizer.norm() + " of " + other.optimizer.norm());
        }
    }

    @Test
    void theLossIsTheMixtureAndItsGradientThatOfDifferences() {
        List<Stretch> batch = sampler().next(24);
        try (Lesson lesson = new Lesson(hybrid(), 0.3, 2, false, 1); Lesson alone = new Lesson(hybrid(), 0, 2, false, 1)) {
            double loss = lesson.loss(batch);
            Teacher.Lesson parts = lesson.teaches.lesson().orElseThrow();
            assertEquals(0.7 * parts.crossEntropy() + 0.3 * 4 * parts.divergence(), loss, 1e-9);
            assertEquals(alone.loss(batch), parts.crossEntropy(), 1e-9);
            assertTrue(lesson.teaches.lesson().isEmpty(), "asked twice, nothing new");
            for (String name : List.of("blocks.0.0.in_xbc.weight", "blocks.1.0.A_log", "blocks.2.0.q.weight", "norm.weight", "embedding.weight")) {
                Tensor parameter = lesson.model.parameters().get(name);
                lesson.loss(batch);
                float[] gradient = lesson.backend.read(lesson.optimizer.gradient(name));
                int largest = 0;
                for (int i = 0; i < gradient.length; i++) {
                    largest = Math.abs(gradient[i]) > Math.abs(gradient[largest]) ? i : largest;
                }
                float[] values = lesson.backend.read(parameter);
                double step = 4e-3;
                double[] sides = new double[2];
                for (int side = 0; side < 2; side++) {
                    float[] moved = values.clone();
                    moved[largest] += (float) (side == 0 ? step : -step);
                    TrainableParameters.write(lesson.backend, parameter, moved);
                    sides[side] = lesson.loss(batch);
                }
                TrainableParameters.write(lesson.backend, parameter, values);
                assertEquals((sides[0] - sides[1]) / (2 * step), gradient[largest], 0.02 * Math.abs(gradient[largest]) + 2e-5, name);
            }
        }
    }

    /// The recurrent states and the teacher's keys and values are carried; the run goes on after five steps as if it had not
    /// stopped.
    @Test
    void aHybridComesCloserToItsTeacherAndResumesToTheLastDigit() throws Exception {
        List<Double> whole = new ArrayList<>();
        try (Lesson lesson = new Lesson(hybrid(), 1, 1, true, 2)) {
            new Trainer(new Trainer.Settings(16, 2), sampler(), lesson.pass, lesson.optimizer, Schedule.constant(40))
                    .run(step -> whole.add(step.loss()), () -> false);
        }
        double first = whole.subList(0, 5).stream().mapToDouble(Double::doubleValue).average().orElseThrow();
        double last = whole.subList(35, 40).stream().mapToDouble(Double::doubleValue).average().orElseThrow();
        assertTrue(last < 0.5 * first, "divergence from " + first + " to " + last);
        List<Double> parts = new ArrayList<>();
        Path saved = Files.createDirectory(folder.resolve("state"));
        for (int stop : new int[] {5, 12}) {
            try (Lesson lesson = new Lesson(hybrid(), 1, 1, true, 2)) {
                LaneSampler sampler = sampler();
                if (TrainingState.isIn(saved)) {
                    TrainingState.restore(saved, lesson.backend, lesson.model.parameters(), lesson.optimizer, sampler, lesson.pass, "same");
                }
                new Trainer(new Trainer.Settings(16, 2), sampler, lesson.pass, lesson.optimizer, Schedule.constant(40))
                        .run(step -> parts.add(step.loss()), () -> lesson.optimizer.step() == stop);
                TrainingState.save(saved, lesson.backend, lesson.model.parameters(), lesson.optimizer, sampler, lesson.pass, "same");
            }
        }
        assertEquals(whole.subList(0, 12), parts);
    }

    @Test
    void vocabulariesMustAgree() {
        try (Lesson lesson = new Lesson(LLAMA, 1, 1, false, 1)) {
            assertTrue(assertThrows(TrainingException.class, () -> lesson.teaches.requireVocabulary(129)).getMessage()
                    .contains("128 tokens, the student one of 129"));
        }
    }
}
