package dev.heddle.engine.serve;

import dev.heddle.engine.sampling.RecentTokens;
import dev.heddle.engine.sampling.Sampler;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/// Chooses the tokens of one answer: bias, penalties, constraint, then the sampler.
final class TokenChooser {
    private final GenerationRequest request;
    private final Sampler sampler;
    private final RecentTokens recent;

    TokenChooser(GenerationRequest request) {
        this.request = request;
        sampler = new Sampler(request.sampling(), request.seed());
        recent = new RecentTokens(request.sampling());
        for (int id : request.prompt()) {
            recent.add(id);
        }
    }

    /// The next token.
    ///
    /// @param logits changed in place
    GeneratedToken next(float[] logits) {
        double total = request.logprobs() < 0 ? 0 : logSumExp(logits);
        List<TokenLogprob> alternatives = request.logprobs() > 0 ? best(logits, request.logprobs(), total) : List.of();
        float[] raw = request.logprobs() < 0 ? logits : logits.clone();
        for (Map.Entry<Integer, Float> bias : request.logitBias().entrySet()) {
            if (bias.getKey() >= 0 && bias.getKey() < logits.length) {
                logits[bias.getKey()] += bias.getValue();
            }
        }
        recent.penalise(logits);
        request.constraint().ifPresent(constraint -> constraint.mask(logits));
        int id = sampler.choose(logits);
        recent.add(id);
        request.constraint().ifPresent(constraint -> constraint.accept(id));
        return new GeneratedToken(id, request.logprobs() < 0 ? OptionalDouble.empty() : OptionalDouble.of(raw[id] - total),
                alternatives);
    }

    /// Whether nothing may follow `id`.
    boolean isEnd(int id) {
        return request.stopIds().contains(id) || request.constraint().map(TokenConstraint::isFinished).orElse(false);
    }

    private static double logSumExp(float[] logits) {
        double max = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            max = Math.max(max, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - max);
        }
        return max + Math.log(sum);
    }

    /// The `count` largest logits, largest first, the lowest id among equals.
    private static List<TokenLogprob> best(float[] logits, int count, double total) {
        int n = Math.min(count, logits.length);
        int[] top = new int[n];
        int filled = 0;
        for (int id = 0; id < logits.length; id++) {
            if (filled == n && logits[id] <= logits[top[n - 1]]) {
                continue;
            }
            int at = filled < n ? filled++ : n - 1;
            while (at > 0 && logits[top[at - 1]] < logits[id]) {
                top[at] = top[at - 1];
                at--;
            }
            top[at] = id;
        }
        List<TokenLogprob> best = new ArrayList<>(n);
        Arrays.stream(top).forEach(id -> best.add(new TokenLogprob(id, logits[id] - total)));
        return best;
    }
}
