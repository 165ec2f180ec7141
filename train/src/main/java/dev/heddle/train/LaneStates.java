package dev.heddle.train;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.model.Model;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.Snapshot;
import dev.heddle.core.state.StatePool;
import dev.heddle.core.tensor.DType;
import dev.heddle.train.data.Stretch;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/// The states in which a model reads stretches: those its lanes were left in, or empty ones.
final class LaneStates implements AutoCloseable {
    private final StatePool pool;
    private final List<Optional<SequenceState>> lanes;
    private final List<SequenceState> ended = new ArrayList<>();

    LaneStates(Model model, Backend backend, int lanes) {
        this.lanes = new ArrayList<>(Collections.nCopies(lanes, Optional.empty()));
        pool = new StatePool(backend, model.states(), DType.F32);
    }

    /// A state for each stretch.
    ///
    /// @param carry whether a stretch that continues its lane's document begins where the lane stands, and leaves its state
    ///              there; otherwise all begin empty and end with the pass
    List<SequenceState> open(List<Stretch> stretches, boolean carry) {
        List<SequenceState> sequences = new ArrayList<>();
        for (Stretch stretch : stretches) {
            sequences.add(carry ? lane(stretch) : pool.open());
            if (!carry) {
                ended.add(sequences.getLast());
            }
        }
        return sequences;
    }

    private SequenceState lane(Stretch stretch) {
        int lane = stretch.lane();
        Optional<SequenceState> old = lanes.get(lane);
        if (stretch.continues() && old.isPresent()) {
            return old.get();
        }
        // the old state may belong to an earlier segment of this very pass
        old.ifPresent(ended::add);
        SequenceState fresh = pool.open();
        lanes.set(lane, Optional.of(fresh));
        return fresh;
    }

    /// Gives back the states that no later pass goes on from. The backward still reads their keys and values.
    void release() {
        ended.forEach(SequenceState::close);
        ended.clear();
    }

    /// What each lane carries on to the next step.
    List<Optional<Snapshot>> snapshots() {
        return lanes.stream().map(lane -> lane.map(pool::snapshot)).toList();
    }

    int lanes() {
        return lanes.size();
    }

    /// Continues with what [#snapshots] returned.
    void restore(List<Optional<Snapshot>> carried) {
        if (carried.size() != lanes.size()) {
            throw new IllegalArgumentException(carried.size() + " carried states for " + lanes.size() + " lanes");
        }
        for (int i = 0; i < carried.size(); i++) {
            lanes.get(i).ifPresent(SequenceState::close);
            lanes.set(i, carried.get(i).map(pool::restore));
        }
    }

    @Override
    public void close() {
        pool.close();
    }
}
