package dev.heddle.engine.serve;

/// What a generation cost.
///
/// @param prompt    tokens of the prompt
/// @param cached    those of them that the cache spared
/// @param generated tokens of the answer so far, the stop token included
public record Usage(int prompt, int cached, int generated) {
}
