package dev.heddle.engine.serve;

/// A prompt is longer than the context.
public final class ContextExceeded extends IllegalArgumentException {
    private final int prompt;
    private final int context;

    ContextExceeded(int prompt, int context) {
        super("the prompt of " + prompt + " tokens exceeds the context of " + context + " tokens");
        this.prompt = prompt;
        this.context = context;
    }

    /// Tokens of the prompt.
    public int prompt() {
        return prompt;
    }

    /// Tokens a sequence may have.
    public int context() {
        return context;
    }
}
