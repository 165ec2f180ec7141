package dev.heddle.train.measure;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.model.Model;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.train.TrainableParameters;
import dev.heddle.train.Trainer;
import dev.heddle.train.TrainingPass;
import dev.heddle.train.data.BatchSource;
import dev.heddle.train.data.Stretch;
import dev.heddle.train.initialize.Initialization;
import dev.heddle.train.optimize.Optimizer;
import dev.heddle.train.optimize.ParameterGroup;
import dev.heddle.train.optimize.Schedule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// Measures whole training steps on random tokens: forward, loss, backward, gradient norm, AdamW. The steps are those of
/// [Trainer], on a model with freshly initialised weights in f32.
public final class TrainingThroughput implements AutoCloseable {
    private static final double RATE = 1e-4;

    private final Backend backend;
    private final Model model;
    private final Optimizer optimizer;
    private final TrainingPass pass;
    private final int length;
    private final int batch;

    /// @param length tokens of a sequence
    /// @param batch  sequences of a step
    public TrainingThroughput(ModelSpec spec, Backend backend, int length, int batch) {
        this.length = length;
        this.batch = batch;
        this.backend = backend;
        model = new Model(spec, new TrainableParameters(backend));
        new Initialization(1).apply(model, backend);
        optimizer = optimizer(backend);
        pass = new TrainingPass(model, backend, batch, false);
    }

    private Optimizer optimizer(Backend backend) {
        return new Optimizer(backend, model.parameters(), name -> Optional.of(new ParameterGroup(name, RATE, 0)),
                Optimizer.Settings.USUAL);
    }

    /// Trained numbers.
    public long parameters() {
        return model.parameters().values().stream().mapToLong(Tensor::elements).sum();
    }

    /// Tokens of a step.
    public int tokens() {
        return length * batch;
    }

    /// Seconds of each of `steps` steps.
    public double[] steps(int steps) {
        List<Double> seconds = new ArrayList<>();
        run(pass, optimizer, steps, step -> seconds.add(step.seconds()));
        return seconds.stream().mapToDouble(Double::doubleValue).toArray();
    }

    /// What each kernel takes in one of `steps` steps on the average, the longest first, and their floating-point
    /// operations as [KernelFlops] counts them.
    public List<KernelTime> profile(int steps) {
        MeteredBackend metered = new MeteredBackend(backend);
        try (Optimizer meteredOptimizer = optimizer(metered); TrainingPass meteredPass = new TrainingPass(model, metered, batch, false)) {
            run(meteredPass, meteredOptimizer, steps, _ -> { });
        }
        return metered.times().stream().map(time -> new KernelTime(time.name(), time.calls() / steps, time.seconds() / steps,
                time.flops() / steps)).toList();
    }

    private void run(TrainingPass pass, Optimizer optimizer, int steps, Consumer<Trainer.Step> listener) {
        Schedule schedule = Schedule.constant(optimizer.step() + steps);
        new Trainer(new Trainer.Settings(length, 1), new RandomTokens(model.spec().vocabulary(), batch), pass, optimizer, schedule)
                .run(listener, () -> false);
    }

    /// Lanes of random tokens.
    private record RandomTokens(int vocabulary, int lanes) implements BatchSource {
        @Override
        public List<Stretch> next(int length) {
            SplittableRandom random = new SplittableRandom(length);
            return IntStream.range(0, lanes).mapToObj(lane -> {
                int[] tokens = random.ints(length + 1L, 0, vocabulary).toArray();
                return new Stretch(lane, Arrays.copyOf(tokens, length), Arrays.copyOfRange(tokens, 1, length + 1), false);
            }).toList();
        }

        @Override
        public JsonNode state() {
            return Json.object();
        }

        @Override
        public void restore(JsonNode state) {
            // every batch is the same
        }
    }

    @Override
    public void close() {
        pass.close();
        optimizer.close();
    }
}
