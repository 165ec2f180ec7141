package dev.heddle.engine.serve;

/// How long a generation took so far, in seconds.
///
/// @param queued  from its submission until it had a place
/// @param prefill from there to its first token
/// @param decode  from the first token to the last
public record Timings(double queued, double prefill, double decode) {
}
