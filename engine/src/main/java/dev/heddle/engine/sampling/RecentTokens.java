package dev.heddle.engine.sampling;

import java.util.HashMap;
import java.util.Map;

/// How often each of the last tokens of a sequence has come, for the penalties of [SamplingOptions]. However long the
/// sequence, it takes no more memory than the window and the vocabulary need.
public final class RecentTokens {
    private final SamplingOptions options;
    private final int[] window;
    private final Map<Integer, Integer> counts = new HashMap<>();
    private long added;

    public RecentTokens(SamplingOptions options) {
        this.options = options;
        window = new int[options.penalises() ? Math.max(0, options.repeatLastN()) : 0];
    }

    public void add(int id) {
        if (!options.penalises()) {
            return;
        }
        if (window.length > 0) {
            int at = (int) (added % window.length);
            if (added >= window.length) {
                counts.computeIfPresent(window[at], (_, count) -> count == 1 ? null : count - 1);
            }
            window[at] = id;
        }
        added++;
        counts.merge(id, 1, Integer::sum);
    }

    /// Lowers the logits of the tokens that have come.
    public void penalise(float[] logits) {
        counts.forEach((id, count) -> Sampler.penalise(options, logits, id, count));
    }
}
