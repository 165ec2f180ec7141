package dev.heddle.train;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.model.Model;
import dev.heddle.core.model.NextTokenLoss;
import dev.heddle.core.pass.Executor;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.Snapshot;
import dev.heddle.train.data.Stretch;
import java.util.List;
import java.util.Optional;

/// A model from which another learns, see [NextTokenLoss.Teacher]. It reads what the student reads, in states of its own, and
/// nothing of it is trained.
///
/// Not safe for use by several threads at a time.
public final class Teacher implements AutoCloseable {
    /// What both parts of the loss have been.
    ///
    /// @param crossEntropy mean −log p(target) of the student in nats
    /// @param divergence   mean KL(teacher ‖ student) in nats, at the temperature
    public record Lesson(double crossEntropy, double divergence) {
    }

    private final Model model;
    private final double weight;
    private final double temperature;
    private final Executor executor;
    private final LaneStates states;
    private double crossEntropy;
    private double divergence;
    private long predictions;
    private List<SequenceState> reading = List.of();

    /// @param model       stays as it is; its weights must stay open
    /// @param lanes       of the student's training
    /// @param weight      of the divergence in the loss
    /// @param temperature at which distributions are compared
    public Teacher(Model model, Backend backend, int lanes, double weight, double temperature) {
        this.model = model;
        this.weight = weight;
        this.temperature = temperature;
        executor = new Executor(backend);
        states = new LaneStates(model, backend, lanes);
    }

    /// @throws TrainingException if it cannot teach a student with that vocabulary
    public Teacher requireVocabulary(int vocabulary) {
        if (model.spec().vocabulary() != vocabulary) {
            throw new TrainingException("teacher " + model.spec().name() + " has a vocabulary of " + model.spec().vocabulary()
                    + " tokens, the student one of " + vocabulary + "; distillation needs the same one");
        }
        return this;
    }

    /// Begins a pass over what the student is about to read; [#end] ends it.
    NextTokenLoss.Teacher begin(List<Stretch> stretches, boolean carry) {
        reading = states.open(stretches, carry);
        Pass pass = Pass.of(executor, reading, stretches.stream().map(Stretch::inputs).toList(), Optional.empty());
        return new NextTokenLoss.Teacher(model, pass, weight, temperature);
    }

    /// Moves on with the student and returns Σ (1 − w)·cross-entropy + w·T²·divergence.
    ///
    /// @param counts whether the losses are of anything that was asked
    double end(List<Stretch> stretches, NextTokenLoss.Losses losses, boolean counts) {
        Model.advance(reading, stretches.stream().map(Stretch::inputs).toList());
        states.release();
        double sum = 0;
        for (int i = 0; counts && i < losses.crossEntropy().length; i++) {
            crossEntropy += losses.crossEntropy()[i];
            divergence += losses.divergence()[i];
            predictions++;
            sum += (1 - weight) * losses.crossEntropy()[i] + weight * temperature * temperature * losses.divergence()[i];
        }
        return sum;
    }

    /// The mean losses since it was last asked; empty if there were none.
    public Optional<Lesson> lesson() {
        Optional<Lesson> lesson = predictions == 0 ? Optional.empty()
                : Optional.of(new Lesson(crossEntropy / predictions, divergence / predictions));
        crossEntropy = 0;
        divergence = 0;
        predictions = 0;
        return lesson;
    }

    /// What its lanes carry on to the next step.
    List<Optional<Snapshot>> lanes() {
        return states.snapshots();
    }

    /// Continues with what [#lanes] returned.
    void restore(List<Optional<Snapshot>> carried) {
        states.restore(carried);
    }

    @Override
    public void close() {
        executor.close();
        states.close();
    }
}
