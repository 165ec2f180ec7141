package dev.heddle.engine.serve;

/// Why a generation ended.
public enum Finish {
    /// A stop token came, or the constraint was satisfied.
    STOP,
    /// It has as many tokens as it was allowed.
    LENGTH,
    /// The attention layers have reached their context.
    CONTEXT,
    /// [Generation#cancel] was called, or the scheduler was closed.
    CANCELLED,
    /// It waited or ran longer than it may.
    TIMEOUT,
    /// The model computed something impossible, or a constraint threw; [Generation#failure] says what.
    FAILED
}
