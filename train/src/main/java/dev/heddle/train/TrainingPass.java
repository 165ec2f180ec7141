package dev.heddle.train;

import dev.heddle.core.autograd.Tape;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.layer.Inventory;
import dev.heddle.core.model.Model;
import dev.heddle.core.model.NextTokenLoss;
import dev.heddle.core.pass.Executor;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.pass.Training;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfLayersSpec;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.Snapshot;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.train.data.Stretch;
import dev.heddle.train.optimize.Optimizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// Forward and backward of a batch of stretches, the loss of each place that has a target. Each stretch is a segment of the ragged batch with a state of its own:
/// documents never see each other. With carrying, a stretch that continues its lane's document begins with the state the
/// lane was left in (truncated back-propagation through time, Williams & Peng 1990); otherwise with an empty one.
///
/// Not safe for use by several threads at a time.
public final class TrainingPass implements AutoCloseable {
    private final Model model;
    private final Backend backend;
    private final boolean carry;
    private final Training training;
    private final RouterBalance routers;
    private final int routerCount;
    private long step = -1;
    private int part;
    private final Executor executor;
    private final LaneStates states;
    private Optional<Teacher> teacher = Optional.empty();

    /// @param lanes lanes of the sampler whose stretches this will see
    /// @param carry whether states pass from step to step
    public TrainingPass(Model model, Backend backend, int lanes, boolean carry) {
        this(model, backend, lanes, carry, Training.PLAIN);
    }

    /// @param training what differs from a pass that answers
    public TrainingPass(Model model, Backend backend, int lanes, boolean carry, Training training) {
        this(model, backend, lanes, carry, training, new RouterBalance(backend, 0));
    }

    /// @param training what differs from a pass that answers; its factor of load-balancing losses is that of their mean over
    ///                 all routers and all predictions of a step
    /// @param routers  gathers how routers used their experts
    public TrainingPass(Model model, Backend backend, int lanes, boolean carry, Training training, RouterBalance routers) {
        this.training = training;
        this.routers = routers;
        routerCount = (int) model.inventory().layers().stream().map(Inventory.Placed::layer)
                .filter(layer -> layer instanceof MixtureOfExpertsSpec || layer instanceof MixtureOfLayersSpec).count();
        this.model = model;
        this.backend = backend;
        this.carry = carry;
        executor = new Executor(backend);
        states = new LaneStates(model, backend, lanes);
    }

    /// Learns from a teacher too; evaluations stay without it. It is closed with this pass.
    public TrainingPass withTeacher(Teacher teacher) {
        this.teacher = Optional.of(teacher);
        return this;
    }

    /// Adds the gradient of Σ loss / `predictions` to the optimizer's gradients and returns Σ loss in nats.
    ///
    /// @param predictions what the step's losses are divided by, those of its other passes included
    public double run(List<Stretch> stretches, Optimizer optimizer, long predictions) {
        Tape tape = new Tape((rows, columns) -> {
            Tensor zeros = executor.workspace().take(DType.F32, rows, columns);
            backend.fill(zeros, 0);
            return zeros;
        });
        optimizer.gather(tape);
        part = optimizer.step() == step ? part + 1 : 0;
        step = optimizer.step();
        double sum = losses(stretches, Optional.of(tape), predictions);
        tape.backward();
        states.release();
        return sum;
    }

    /// Σ loss in nats without gradients, every stretch from an empty state.
    public double evaluate(List<Stretch> stretches) {
        executor.forgetDerived();
        double sum = losses(stretches, Optional.empty(), 1);
        states.release();
        return sum;
    }

    /// What a model answers at the places that have a target.
    ///
    /// @param loss  Σ loss in nats
    /// @param right places whose target is the most likely token
    public record Answers(double loss, int right) {
    }

    /// The answers at all places that have a target, every stretch from an empty state. Their logits exist all at once.
    public Answers answer(List<Stretch> stretches) {
        List<SequenceState> sequences = states.open(stretches, false);
        Places places = Places.of(stretches);
        Pass pass = Pass.of(executor, sequences, stretches.stream().map(Stretch::inputs).toList(), Optional.empty());
        executor.forgetDerived();
        float[] logits = backend.read(model.logits(pass, places.rows()));
        states.release();
        int width = model.spec().vocabulary();
        double loss = 0;
        int right = 0;
        for (int i = 0; i < places.rows().length; i++) {
            int target = i * width + places.targets()[i];
            int best = i * width;
            for (int j = i * width; j < (i + 1) * width; j++) {
                best = logits[j] > logits[best] ? j : best;
            }
            double sum = 0;
            for (int j = i * width; j < (i + 1) * width; j++) {
                sum += Math.exp((double) logits[j] - logits[best]);
            }
            loss += Math.log(sum) + logits[best] - logits[target];
            right += best == target ? 1 : 0;
        }
        return new Answers(loss, right);
    }

    /// Rows of a pass that predict something, and what.
    private record Places(int[] rows, int[] targets) {
        static Places of(List<Stretch> stretches) {
            int[] all = stretches.stream().flatMapToInt(stretch -> Arrays.stream(stretch.targets())).toArray();
            int[] rows = IntStream.range(0, all.length).filter(row -> all[row] != Stretch.NONE).toArray();
            return new Places(rows, Arrays.stream(rows).map(row -> all[row]).toArray());
        }
    }

    private double losses(List<Stretch> stretches, Optional<Tape> tape, long predictions) {
        boolean carries = carry && tape.isPresent();
        List<SequenceState> sequences = states.open(stretches, carries);
        List<int[]> inputs = stretches.stream().map(Stretch::inputs).toList();
        Places asked = Places.of(stretches);
        // a batch that asks for nothing still moves its sequences on: one row is computed and counts nothing
        boolean nothing = asked.rows().length == 0;
        Places places = nothing ? new Places(new int[1], new int[1]) : asked;
        float[] weights = new float[places.rows().length];
        Arrays.fill(weights, nothing ? 0 : 1f / predictions);
        Pass pass = tape.isEmpty() ? Pass.of(executor, sequences, inputs, tape)
                : Pass.training(executor, sequences, inputs, tape.get(), training(nothing ? 0 : (double) weights.length / predictions));
        Optional<Teacher> teaches = teacher.filter(_ -> tape.isPresent());
        NextTokenLoss.Losses losses = NextTokenLoss.apply(model, pass, places.rows(), places.targets(), weights,
                teaches.map(of -> of.begin(stretches, carries)));
        double sum = 0;
        for (float loss : losses.crossEntropy()) {
            sum += loss;
        }
        Model.advance(sequences, inputs);
        if (teaches.isPresent()) {
            sum = teaches.get().end(stretches, losses, !nothing);
        }
        routers.gather(pass.routers(), pass.rows());
        return nothing ? 0 : sum;
    }

    /// @param share of the step's predictions that the pass makes
    private Training training(double share) {
        return training.withDropout(training.dropout().at(step, part)).withRouters(new Training.Routers(routerCount > 0,
                training.routers().balance() * share / Math.max(1, routerCount)));
    }

    /// How the routers used their experts.
    RouterBalance routers() {
        return routers;
    }

    /// Most bytes of activations and their gradients there ever were; [dev.heddle.core.model.analysis.TrainingMemory] tells
    /// it beforehand.
    public long peakActivations() {
        return executor.workspace().peak() + executor.lasting().peak();
    }

    /// What each lane carries on to the next step; a teacher's lanes follow the student's.
    List<Optional<Snapshot>> lanes() {
        List<Optional<Snapshot>> all = new ArrayList<>(states.snapshots());
        teacher.map(Teacher::lanes).ifPresent(all::addAll);
        return all;
    }

    /// Continues with what [#lanes] returned.
    void restore(List<Optional<Snapshot>> carried) {
        int own = Math.min(states.lanes(), carried.size());
        states.restore(carried.subList(0, own));
        teacher.ifPresent(of -> of.restore(carried.subList(own, carried.size())));
    }

    @Override
    public void close() {
        executor.close();
        states.close();
        teacher.ifPresent(Teacher::close);
    }
}
