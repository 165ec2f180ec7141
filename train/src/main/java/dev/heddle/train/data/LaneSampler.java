package dev.heddle.train.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.json.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Feeds a training with documents in several lanes that never pad: a lane works through a document stretch by stretch
/// and, where it ends, begins the next within the same step. Stretches of one document in one lane follow each other
/// from step to step, so their recurrent state can be carried on.
///
/// Documents come in a pseudo-random order that is another one in every epoch; of several sources the one that lags
/// most behind its weight gives the next document. Everything follows from the seed and [State].
///
/// Not safe for use by several threads at a time.
public final class LaneSampler implements BatchSource {
    /// A corpus and how large a part of the tokens comes from it.
    public record Source(TokenShard shard, double weight) {
        public Source {
            if (!(weight > 0) || !Double.isFinite(weight)) {
                throw new IllegalArgumentException("a data source's weight must be positive, not " + weight);
            }
        }
    }

    /// Where a sampler stands.
    ///
    /// @param taken     documents taken from each source
    /// @param consumed  tokens taken from each source
    /// @param laneSource source of each lane's document; −1 if it has none
    /// @param laneDocument document of each lane
    /// @param laneOffset  inputs of it already fed
    private record State(long[] taken, long[] consumed, int[] laneSource, long[] laneDocument, long[] laneOffset) {
    }

    private final List<Source> sources;
    private final long seed;
    private State state;

    public LaneSampler(List<Source> sources, int lanes, long seed) {
        this.sources = List.copyOf(sources);
        this.seed = seed;
        for (Source source : sources) {
            boolean usable = false;
            for (long d = 0; d < source.shard().documents() && !usable; d++) {
                usable = source.shard().length(d) >= 2;
            }
            if (!usable) {
                throw new DataException("a data source has no document of at least two tokens");
            }
        }
        if (sources.isEmpty()) {
            throw new DataException("there is no data source");
        }
        int[] none = new int[lanes];
        Arrays.fill(none, -1);
        state = new State(new long[sources.size()], new long[sources.size()], none, new long[lanes], new long[lanes]);
    }

    @Override
    public int lanes() {
        return state.laneSource().length;
    }

    @Override
    public JsonNode state() {
        return Json.mapper().valueToTree(state);
    }

    @Override
    public void restore(JsonNode saved) {
        State state = Json.mapper().convertValue(saved, State.class);
        if (state.taken().length != sources.size() || state.laneSource().length != lanes()) {
            throw new IllegalArgumentException("the saved state has " + state.taken().length + " sources and "
                    + state.laneSource().length + " lanes, this run " + sources.size() + " and " + lanes());
        }
        this.state = state;
    }

    /// Epochs begun of source `index`.
    public double epochs(int index) {
        return (double) state.taken()[index] / sources.get(index).shard().documents();
    }

    @Override
    public List<Stretch> next(int length) {
        List<Stretch> stretches = new ArrayList<>();
        for (int lane = 0; lane < lanes(); lane++) {
            int filled = 0;
            while (filled < length) {
                Stretch stretch = stretch(lane, length - filled, filled == 0);
                stretches.add(stretch);
                filled += stretch.inputs().length;
            }
        }
        return stretches;
    }

    private Stretch stretch(int lane, int most, boolean firstOfStep) {
        if (state.laneSource()[lane] < 0) {
            take(lane);
        }
        TokenShard shard = sources.get(state.laneSource()[lane]).shard();
        long document = state.laneDocument()[lane];
        long offset = state.laneOffset()[lane];
        long left = shard.length(document) - 1 - offset;
        int count = (int) Math.min(most, left);
        if (count == left) {
            state.laneSource()[lane] = -1;
        } else {
            state.laneOffset()[lane] = offset + count;
        }
        return shard.stretch(document, offset, count, lane, firstOfStep && offset > 0);
    }

    private void take(int lane) {
        int source = 0;
        for (int i = 1; i < sources.size(); i++) {
            if (state.consumed()[i] / sources.get(i).weight() < state.consumed()[source] / sources.get(source).weight()) {
                source = i;
            }
        }
        TokenShard shard = sources.get(source).shard();
        long document;
        do {
            long count = state.taken()[source]++;
            long epoch = count / shard.documents();
            document = new Permutation(shard.documents(), Permutation.mix(seed + 31L * source) ^ Permutation.mix(epoch))
                    .at(count % shard.documents());
        } while (shard.length(document) < 2);
        state.consumed()[source] += shard.length(document);
        state.laneSource()[lane] = source;
        state.laneDocument()[lane] = document;
        state.laneOffset()[lane] = 0;
    }
}
