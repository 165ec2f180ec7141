package dev.heddle.train;

import dev.heddle.train.data.BatchSource;
import dev.heddle.train.data.Stretch;
import dev.heddle.train.optimize.Optimizer;
import dev.heddle.train.optimize.Schedule;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/// Takes training steps: batches from a source, gradients from a [TrainingPass], updates from an [Optimizer].
public final class Trainer {
    /// Sizes of a step.
    ///
    /// @param length     inputs of a lane in one pass
    /// @param accumulate passes whose gradients make one step
    public record Settings(int length, int accumulate) {
        public Settings {
            if (length < 1) {
                throw new IllegalArgumentException("sequence length must be positive, not " + length);
            }
            if (accumulate < 1) {
                throw new IllegalArgumentException("accumulate must be positive, not " + accumulate);
            }
        }
    }

    /// What a step did.
    ///
    /// @param step    its number, from 1
    /// @param loss    mean loss in nats per prediction, before the update
    /// @param norm    norm of the gradient before clipping
    /// @param factor  factor of the schedule on the peak rates
    /// @param tokens  tokens read
    /// @param seconds it took
    /// @param routers how the routers used their experts; empty if there are none
    public record Step(long step, double loss, double norm, double factor, long tokens, double seconds,
            Optional<RouterBalance.Use> routers) {
    }

    private final Settings settings;
    private final BatchSource source;
    private final TrainingPass pass;
    private final Optimizer optimizer;
    private final Schedule schedule;

    public Trainer(Settings settings, BatchSource source, TrainingPass pass, Optimizer optimizer, Schedule schedule) {
        this.settings = settings;
        this.source = source;
        this.pass = pass;
        this.optimizer = optimizer;
        this.schedule = schedule;
    }

    /// Trains up to the end of the schedule, or until asked to stop.
    ///
    /// @param listener hears of each step after its update
    /// @param stop     asked before each step
    /// @throws DivergedException if loss or gradient are no longer finite; the parameters are those before that step
    public void run(Consumer<Step> listener, BooleanSupplier stop) {
        while (optimizer.step() < schedule.steps() && !stop.getAsBoolean()) {
            listener.accept(step());
        }
    }

    private Step step() {
        long start = System.nanoTime();
        double factor = schedule.at(optimizer.step());
        List<List<Stretch>> batches = new ArrayList<>();
        for (int i = 0; i < settings.accumulate(); i++) {
            batches.add(source.next(settings.length()));
        }
        long predictions = Math.max(1, batches.stream().flatMap(List::stream).mapToLong(Stretch::predictions).sum());
        long tokens = (long) settings.length() * source.lanes() * settings.accumulate();
        optimizer.clear();
        pass.routers().clear();
        double loss = 0;
        for (List<Stretch> stretches : batches) {
            loss += pass.run(stretches, optimizer, predictions) / predictions;
            if (!Double.isFinite(loss)) {
                throw new DivergedException(optimizer.step() + 1, "loss", List.of(stretches));
            }
        }
        optimizer.pullBack();
        double norm = optimizer.norm();
        if (!Double.isFinite(norm)) {
            throw new DivergedException(optimizer.step() + 1, "gradient", batches);
        }
        optimizer.update(factor, norm);
        pass.routers().update();
        return new Step(optimizer.step(), loss, norm, factor, tokens, (System.nanoTime() - start) * 1e-9, pass.routers().use());
    }
}
