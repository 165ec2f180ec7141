package dev.heddle.train.recall;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.train.data.BatchSource;
import dev.heddle.train.data.Permutation;
import dev.heddle.train.data.Stretch;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// Sequences of recall tasks, one a lane, the tasks in turn. Sequence i of a seed is always the same, so nothing is
/// stored: an epoch goes through all of them in an order of its own.
///
/// Not safe for use by several threads at a time.
public final class RecallSource implements BatchSource {
    private final List<RecallTask> tasks;
    private final int lanes;
    private final long sequences;
    private final long seed;
    private long taken;

    /// @param tasks     which all have the same length
    /// @param sequences different sequences
    public RecallSource(List<RecallTask> tasks, int lanes, long sequences, long seed) {
        this.tasks = List.copyOf(tasks);
        this.lanes = lanes;
        this.sequences = sequences;
        this.seed = seed;
    }

    /// Sequence `index` of a seed.
    public static Stretch sequence(List<RecallTask> tasks, long seed, long index, int lane) {
        return tasks.get((int) (index % tasks.size())).sequence(lane, new SplittableRandom(Permutation.mix(Permutation.mix(seed) + index)));
    }

    @Override
    public int lanes() {
        return lanes;
    }

    @Override
    public List<Stretch> next(int length) {
        List<Stretch> batch = new ArrayList<>();
        for (int lane = 0; lane < lanes; lane++) {
            long epoch = taken / sequences;
            long index = new Permutation(sequences, Permutation.mix(seed) ^ Permutation.mix(epoch)).at(taken % sequences);
            taken++;
            Stretch sequence = sequence(tasks, seed, index, lane);
            if (sequence.inputs().length != length) {
                throw new IllegalArgumentException("recall sequences have " + sequence.inputs().length + " tokens, asked for " + length);
            }
            batch.add(sequence);
        }
        return batch;
    }

    @Override
    public JsonNode state() {
        return Json.object().put("taken", taken);
    }

    @Override
    public void restore(JsonNode state) {
        if (!state.path("taken").isIntegralNumber()) {
            throw new IllegalArgumentException("the saved state is not one of a recall task");
        }
        taken = state.path("taken").longValue();
    }
}
