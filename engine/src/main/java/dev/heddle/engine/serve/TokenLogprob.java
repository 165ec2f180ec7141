package dev.heddle.engine.serve;

/// A token and how likely the model held it.
///
/// @param logprob natural logarithm of the probability, before bias, penalties, constraint and temperature
public record TokenLogprob(int id, double logprob) {
}
