package dev.heddle;

import dev.heddle.engine.sampling.SamplingOptions;
import java.util.List;

/// How an answer is chosen and when it ends. Start from [HeddleModel#defaults] or [#GREEDY].
///
/// @param sampling  how tokens are chosen
/// @param seed      of the random choice: the same seed gives the same answer
/// @param maxTokens tokens at most; −1 until the model ends
/// @param stop      texts that end the answer and are not part of it
public record AnswerOptions(SamplingOptions sampling, long seed, int maxTokens, List<String> stop) {
    /// Always the most likely token.
    public static final AnswerOptions GREEDY = new AnswerOptions(SamplingOptions.GREEDY, 0, -1, List.of());

    public AnswerOptions {
        stop = List.copyOf(stop);
        if (stop.contains("")) {
            throw new IllegalArgumentException("a stop text must not be empty");
        }
        if (maxTokens < -1) {
            throw new IllegalArgumentException("the number of tokens must be −1 or more, not " + maxTokens);
        }
    }

    public AnswerOptions withSampling(SamplingOptions options) {
        return new AnswerOptions(options, seed, maxTokens, stop);
    }

    public AnswerOptions withSeed(long number) {
        return new AnswerOptions(sampling, number, maxTokens, stop);
    }

    public AnswerOptions withMaxTokens(int tokens) {
        return new AnswerOptions(sampling, seed, tokens, stop);
    }

    public AnswerOptions withStop(String... texts) {
        return new AnswerOptions(sampling, seed, maxTokens, List.of(texts));
    }
}
