package dev.heddle.core.pass;

/// How a pass that learns differs from one that answers.
///
/// @param recompute whether blocks keep only their input and run once more for the backward
public record Training(boolean recompute) {
    /// As if it answered.
    public static final Training PLAIN = new Training(false);
}
