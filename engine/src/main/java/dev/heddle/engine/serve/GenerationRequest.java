package dev.heddle.engine.serve;

import dev.heddle.engine.sampling.SamplingOptions;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What to generate. Made with [#of] and the methods that change one thing each:
/// `GenerationRequest.of(ids).withMaxTokens(200).withStopIds(tokenizer.special().eos())`.
///
/// @param prompt    token ids to continue, at least one
/// @param sampling  how tokens are chosen, penalties included
/// @param seed      of the random choice
/// @param maxTokens tokens to generate at most; −1 for no limit
/// @param stopIds   tokens that end the answer; the one that came is its last
/// @param logitBias added to the logits of these tokens
/// @param logprobs  how many alternatives to report for each token; 0 for the chosen token's logprob alone, −1 for nothing
/// @param constraint what the answer must look like; good for one generation
/// @param client    who asks: generations of different clients take turns
/// @param timeout   how long it may take from its submission; empty for the scheduler's own limit
/// @param cache     whether to use the prefix cache; the answer is the same
public record GenerationRequest(int[] prompt, SamplingOptions sampling, long seed, int maxTokens, Set<Integer> stopIds,
        Map<Integer, Float> logitBias, int logprobs, Optional<TokenConstraint> constraint, String client,
        Optional<Duration> timeout, boolean cache) {
    public GenerationRequest {
        prompt = prompt.clone();
        stopIds = Set.copyOf(stopIds);
        logitBias = Map.copyOf(logitBias);
        if (prompt.length == 0) {
            throw new IllegalArgumentException("there is nothing to continue: the prompt has no tokens");
        }
        if (maxTokens < -1) {
            throw new IllegalArgumentException("the number of tokens must be −1 or more, not " + maxTokens);
        }
        if (logprobs < -1) {
            throw new IllegalArgumentException("the number of alternatives must be −1 or more, not " + logprobs);
        }
        logitBias.forEach((id, bias) -> {
            if (bias.isNaN() || bias == Float.POSITIVE_INFINITY) {
                throw new IllegalArgumentException("the bias of token " + id + " must be a number, not " + bias);
            }
        });
    }

    /// Greedy, without limits, with the cache.
    public static GenerationRequest of(int[] prompt) {
        return new GenerationRequest(prompt, SamplingOptions.GREEDY, 0, -1, Set.of(), Map.of(), -1, Optional.empty(), "",
                Optional.empty(), true);
    }

    public GenerationRequest withSampling(SamplingOptions options, long seedOfChoice) {
        return new GenerationRequest(prompt, options, seedOfChoice, maxTokens, stopIds, logitBias, logprobs, constraint,
                client, timeout, cache);
    }

    public GenerationRequest withMaxTokens(int tokens) {
        return new GenerationRequest(prompt, sampling, seed, tokens, stopIds, logitBias, logprobs, constraint, client,
                timeout, cache);
    }

    public GenerationRequest withStopIds(Set<Integer> ids) {
        return new GenerationRequest(prompt, sampling, seed, maxTokens, ids, logitBias, logprobs, constraint, client,
                timeout, cache);
    }

    public GenerationRequest withLogitBias(Map<Integer, Float> bias) {
        return new GenerationRequest(prompt, sampling, seed, maxTokens, stopIds, bias, logprobs, constraint, client,
                timeout, cache);
    }

    public GenerationRequest withLogprobs(int alternatives) {
        return new GenerationRequest(prompt, sampling, seed, maxTokens, stopIds, logitBias, alternatives, constraint,
                client, timeout, cache);
    }

    public GenerationRequest withConstraint(TokenConstraint wanted) {
        return new GenerationRequest(prompt, sampling, seed, maxTokens, stopIds, logitBias, logprobs, Optional.of(wanted),
                client, timeout, cache);
    }

    public GenerationRequest withClient(String key) {
        return new GenerationRequest(prompt, sampling, seed, maxTokens, stopIds, logitBias, logprobs, constraint, key,
                timeout, cache);
    }

    public GenerationRequest withTimeout(Duration limit) {
        return new GenerationRequest(prompt, sampling, seed, maxTokens, stopIds, logitBias, logprobs, constraint, client,
                Optional.of(limit), cache);
    }

    public GenerationRequest withCache(boolean use) {
        return new GenerationRequest(prompt, sampling, seed, maxTokens, stopIds, logitBias, logprobs, constraint, client,
                timeout, use);
    }
}
