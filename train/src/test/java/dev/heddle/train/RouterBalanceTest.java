package dev.heddle.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Model;
import dev.heddle.core.pass.Training;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.engine.measure.RandomParameters;
import dev.heddle.train.data.BatchSource;
import dev.heddle.train.data.Stretch;
import dev.heddle.train.optimize.Optimizer;
import dev.heddle.train.optimize.ParameterGroup;
import dev.heddle.train.optimize.Schedule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Routers that are kept even by a loss or by the bias of their choice.
class RouterBalanceTest {
    private static final int VOCABULARY = 32;
    private static final int EXPERTS = 8;
    private static final int LANES = 4;
    private static final int LENGTH = 32;

    private static ModelSpec spec(Router router) {
        NormSpec norm = NormSpec.rms(1e-5);
        LayerSpec mixer = ResidualSpec.of(norm, new Mamba1Spec(48, 8, 4, 4, true, false, NormSpec.NONE));
        LayerSpec experts = ResidualSpec.of(norm, MixtureOfExpertsSpec.of(EXPERTS, 2, GatedMlpSpec.of(16, Activation.SILU), router));
        return new ModelSpec("tiny", "mamba", VOCABULARY, 24, 0, ModelSpec.EmbeddingSpec.PLAIN,
                List.of(new SequenceSpec(List.of(mixer, experts)), new SequenceSpec(List.of(mixer, experts))), Map.of(), norm,
                ModelSpec.HeadSpec.of(true));
    }

    /// Lanes that count upwards from random tokens.
    private static final class Counting implements BatchSource {
        private final SplittableRandom random = new SplittableRandom(7);

        @Override
        public List<Stretch> next(int length) {
            return IntStream.range(0, LANES).mapToObj(lane -> {
                int from = random.nextInt(VOCABULARY);
                return new Stretch(lane, IntStream.range(0, length).map(i -> (from + i) % VOCABULARY).toArray(),
                        IntStream.range(1, length + 1).map(i -> (from + i) % VOCABULARY).toArray(), false);
            }).toList();
        }

        @Override
        public int lanes() {
            return LANES;
        }

        @Override
        public JsonNode state() {
            throw new UnsupportedOperationException("never saved");
        }

        @Override
        public void restore(JsonNode state) {
            throw new UnsupportedOperationException("never saved");
        }
    }

    private static Optimizer optimizer(Model model, Backend backend) {
        return new Optimizer(backend, model.parameters(), _ -> Optional.of(new ParameterGroup("all", 1e-2, 0)),
                Optimizer.Settings.USUAL);
    }

    private static Training factor(double balance) {
        return Training.PLAIN.withRouters(new Training.Routers(true, balance));
    }

    /// @param choiceBiases receives the biases at the end
    private static List<Trainer.Step> train(Router router, double balance, double rate, boolean recompute, List<float[]> choiceBiases) {
        try (Backend backend = CpuBackend.of(CpuBackend.Choice.BEST, 2)) {
            Model model = new Model(spec(router), new TrainableParameters(backend, new RandomParameters(backend, DType.F32, 1)));
            // routers that begin by sending every row to the same two experts
            float[] preferring = new float[EXPERTS];
            Arrays.fill(preferring, 0, 2, 1);
            model.parameters().keySet().stream().filter(name -> name.endsWith("router.bias"))
                    .forEach(name -> TrainableParameters.write(backend, model.parameters().get(name), preferring));
            model.buffers().values().forEach(buffer -> backend.fill(buffer, 0));
            List<Trainer.Step> steps = new ArrayList<>();
            try (Optimizer optimizer = optimizer(model, backend); TrainingPass pass = new TrainingPass(model, backend, LANES, false,
                    factor(balance).withRecompute(recompute), new RouterBalance(backend, rate))) {
                new Trainer(new Trainer.Settings(LENGTH, 1), new Counting(), pass, optimizer, Schedule.constant(60))
                        .run(steps::add, () -> false);
            }
            model.buffers().values().forEach(buffer -> choiceBiases.add(backend.read(buffer)));
            return steps;
        }
    }

    /// Over the last ten steps.
    private static RouterBalance.Use last(List<Trainer.Step> steps) {
        List<RouterBalance.Use> uses = steps.subList(steps.size() - 10, steps.size()).stream().map(step -> step.routers().orElseThrow()).toList();
        return new RouterBalance.Use(uses.stream().mapToDouble(RouterBalance.Use::balance).average().orElseThrow(),
                uses.stream().mapToDouble(RouterBalance.Use::busiest).average().orElseThrow());
    }

    @Test
    void lossEvensTheUseOfExperts() {
        for (Router router : List.of(Router.softmaxOfChosen().withBias(true), Router.sigmoid().withBias(true))) {
            List<Trainer.Step> without = train(router, 0, 0, false, new ArrayList<>());
            List<Trainer.Step> with = train(router, 0.1, 0, false, new ArrayList<>());
            String both = router.scoring() + ": " + last(without) + " without, " + last(with) + " with";
            assertTrue(last(with).busiest() < 0.7 * last(without).busiest(), both);
            assertTrue(last(with).balance() < last(without).balance(), both);
            assertTrue(with.getLast().loss() < with.getFirst().loss(), both);
            assertEquals(with.stream().map(Trainer.Step::loss).toList(),
                    train(router, 0.1, 0, true, new ArrayList<>()).stream().map(Trainer.Step::loss).toList());
        }
    }

    @Test
    void biasOfTheChoiceEvensTheUseOfExperts() {
        Router router = Router.sigmoid().withBias(true).withChoiceBias(true);
        List<float[]> still = new ArrayList<>();
        List<float[]> moved = new ArrayList<>();
        RouterBalance.Use without = last(train(router, 0, 0, false, still));
        RouterBalance.Use with = last(train(router, 0, 0.01, false, moved));
        assertTrue(with.busiest() < 0.7 * without.busiest(), without + " without, " + with + " with");
        assertArrayEquals(new float[EXPERTS], still.getFirst());
        // each of 60 steps moves each bias by the rate, up or down
        for (float[] biases : moved) {
            for (float bias : biases) {
                double steps = bias / 0.01;
                assertTrue(Math.abs(steps) <= 60.01 && Math.abs(steps - Math.round(steps)) < 1e-2, "bias " + bias);
            }
        }
    }

    /// What the factor adds to the gradient of the last router is the factor times the difference quotient of the balance.
    @Test
    void gradientOfTheLossIsThatOfDifferences() {
        String name = "blocks.1.1.router.weight";
        double share = 0.5;
        List<Stretch> stretches = new Counting().next(LENGTH);
        long predictions = Math.round(LANES * LENGTH / share);
        try (Backend backend = CpuBackend.of(CpuBackend.Choice.BEST, 2)) {
            Model model = new Model(spec(Router.softmax()), new TrainableParameters(backend, new RandomParameters(backend, DType.F32, 1)));
            float[][] gradients = new float[2][];
            for (int i = 0; i < 2; i++) {
                try (Optimizer optimizer = optimizer(model, backend);
                        TrainingPass pass = new TrainingPass(model, backend, LANES, false, factor(i * 1000))) {
                    pass.run(stretches, optimizer, predictions);
                    gradients[i] = backend.read(optimizer.gradient(name));
                }
            }
            Tensor weight = model.parameters().get(name);
            float[] values = backend.read(weight);
            float largest = 0;
            for (int i = 0; i < values.length; i++) {
                largest = Math.max(largest, Math.abs(gradients[1][i] - gradients[0][i]));
            }
            for (int i = 0; i < values.length; i += 5) {
                double[] balance = new double[2];
                for (int side = 0; side < 2; side++) {
                    float[] moved = values.clone();
                    moved[i] += (side == 0 ? -1 : 1) * 2e-3f;
                    TrainableParameters.write(backend, weight, moved);
                    balance[side] = balance(model, backend, stretches, predictions);
                }
                TrainableParameters.write(backend, weight, values);
                double expected = 1000 * share * (balance[1] - balance[0]) / 4e-3;
                assertEquals(expected, gradients[1][i] - gradients[0][i], 0.02 * largest, name + "[" + i + "]");
            }
        }
    }

    /// The mean over both routers; only the last one's depends on its own weight.
    private static double balance(Model model, Backend backend, List<Stretch> stretches, long predictions) {
        try (Optimizer optimizer = optimizer(model, backend);
                TrainingPass pass = new TrainingPass(model, backend, LANES, false, factor(0))) {
            pass.run(stretches, optimizer, predictions);
            return pass.routers().use().orElseThrow().balance();
        }
    }
}
