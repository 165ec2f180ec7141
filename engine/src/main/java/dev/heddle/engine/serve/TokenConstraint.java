package dev.heddle.engine.serve;

/// What the answer of a generation may look like (a grammar, a JSON schema), token by token. The scheduler calls it on
/// its own thread, between two steps: it must be quick and must not block.
public interface TokenConstraint {
    /// Sets the logits of all tokens that must not come next to −∞. At least one must stay.
    void mask(float[] logits);

    /// Told each token of the answer, in order, those that end it included.
    void accept(int id);

    /// Whether the answer is complete and nothing may follow; the generation then ends with [Finish#STOP].
    boolean isFinished();
}
