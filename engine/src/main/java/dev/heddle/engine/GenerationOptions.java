package dev.heddle.engine;

import dev.heddle.engine.sampling.SamplingOptions;
import java.util.List;

/// What to generate and when to stop.
///
/// @param sampling  how tokens are chosen
/// @param seed      of the random choice
/// @param maxTokens tokens to generate; −1 for no limit
/// @param grace     tokens beyond `maxTokens` that may be spent to reach the end of a sentence; 0 stops at once
/// @param context   positions the sequence may reach; 0 for no limit
/// @param stop      texts that end the generation and are not part of it
/// @param ignoreEnd whether to go on past the model's end-of-sequence tokens
public record GenerationOptions(SamplingOptions sampling, long seed, int maxTokens, int grace, int context,
        List<String> stop, boolean ignoreEnd) {
    public GenerationOptions {
        stop = List.copyOf(stop);
        if (stop.contains("")) {
            throw new IllegalArgumentException("a stop text must not be empty");
        }
        if (context < 0) {
            throw new IllegalArgumentException("the context must be 0 or more positions, not " + context);
        }
        if (maxTokens < -1) {
            throw new IllegalArgumentException("the number of tokens must be −1 or more, not " + maxTokens);
        }
        if (grace < 0) {
            throw new IllegalArgumentException("the grace must be 0 or more tokens, not " + grace);
        }
    }

    /// Without grace.
    public GenerationOptions(SamplingOptions sampling, long seed, int maxTokens, int context, List<String> stop,
            boolean ignoreEnd) {
        this(sampling, seed, maxTokens, 0, context, stop, ignoreEnd);
    }

    /// The same with another seed.
    public GenerationOptions withSeed(long other) {
        return new GenerationOptions(sampling, other, maxTokens, grace, context, stop, ignoreEnd);
    }
}
