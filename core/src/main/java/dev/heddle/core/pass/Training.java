package dev.heddle.core.pass;

/// How a pass that learns differs from one that answers.
///
/// @param recompute whether blocks keep only their input and run once more for the backward
/// @param dropout   which elements of the residual branches are dropped
public record Training(boolean recompute, DropoutMask dropout) {
    /// As if it answered.
    public static final Training PLAIN = new Training(false, DropoutMask.NONE);

    /// As if it answered, but with this.
    public static Training recomputing(boolean recompute) {
        return PLAIN.withRecompute(recompute);
    }

    public Training withRecompute(boolean recompute) {
        return new Training(recompute, dropout);
    }

    public Training withDropout(DropoutMask dropout) {
        return new Training(recompute, dropout);
    }
}
