package dev.heddle.train.run;

import dev.heddle.train.TrainingPass;
import dev.heddle.train.data.Stretch;
import dev.heddle.train.data.TokenShard;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Mean loss on held-out documents. Each document is cut into pieces of the training's length, each read from an empty
/// state, the same pieces every time.
final class TextEvaluation implements Evaluation {
    private final List<List<Stretch>> batches = new ArrayList<>();
    private long tokens;

    /// @param length most inputs of a piece
    /// @param batch  pieces in one pass
    /// @param most   tokens after which the rest is left out
    TextEvaluation(List<TokenShard> shards, int length, int batch, long most) {
        List<Stretch> pieces = new ArrayList<>();
        long read = 0;
        for (TokenShard shard : shards) {
            for (long d = 0; d < shard.documents() && read < most; d++) {
                for (long from = 0; from + 1 < shard.length(d) && read < most; from += length) {
                    int count = (int) Math.min(Math.min(length, shard.length(d) - 1 - from), most - read);
                    pieces.add(shard.stretch(d, from, count, 0, false));
                    tokens += pieces.getLast().predictions();
                    read += count;
                }
            }
        }
        for (int i = 0; i < pieces.size(); i += batch) {
            batches.add(pieces.subList(i, Math.min(pieces.size(), i + batch)));
        }
    }

    @Override
    public long tokens() {
        return tokens;
    }

    @Override
    public Result measure(TrainingPass pass) {
        double sum = 0;
        for (List<Stretch> batch : batches) {
            sum += pass.evaluate(batch);
        }
        return new Result(sum / tokens, Map.of());
    }
}
