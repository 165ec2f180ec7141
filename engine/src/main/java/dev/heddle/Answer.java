package dev.heddle;

import dev.heddle.engine.serve.Finish;
import dev.heddle.engine.serve.Timings;
import dev.heddle.engine.serve.Usage;

/// What a model said.
///
/// @param finish  why it ended there; a stop text counts as [Finish#STOP]
/// @param usage   tokens of the prompt, of which the cache spared some, and of the answer
/// @param timings seconds it took
public record Answer(String text, Finish finish, Usage usage, Timings timings) {
}
