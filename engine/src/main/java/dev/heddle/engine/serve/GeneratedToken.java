package dev.heddle.engine.serve;

import java.util.List;
import java.util.OptionalDouble;

/// One token of an answer.
///
/// @param logprob      as in [TokenLogprob]; empty unless asked for
/// @param alternatives the most likely tokens at this place, most likely first, as many as asked for
public record GeneratedToken(int id, OptionalDouble logprob, List<TokenLogprob> alternatives) {
    public GeneratedToken {
        alternatives = List.copyOf(alternatives);
    }
}
