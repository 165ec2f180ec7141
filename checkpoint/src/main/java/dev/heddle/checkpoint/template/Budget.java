package dev.heddle.checkpoint.template;

/// What one rendering may use up. A template comes with a downloaded model, so it is not trusted to end.
final class Budget {
    /// @param steps evaluations and items touched
    /// @param characters length of any one text, and of the output
    /// @param items length of any one list
    /// @param depth evaluations, calls and values within each other
    record Limits(long steps, int characters, int items, int depth) {
        static final Limits DEFAULT = new Limits(20_000_000, 32_000_000, 1_000_000, 700);
    }

    /// Copying this many characters counts as one step.
    private static final int CHARACTERS_PER_STEP = 64;

    private final Limits limits;
    private long steps;
    private int depth;

    Budget(Limits limits) {
        this.limits = limits;
    }

    void step() {
        steps(1);
    }

    void steps(long count) {
        steps += count;
        if (steps > limits.steps) {
            throw limit("more than " + limits.steps + " steps");
        }
    }

    /// Announces a text of `length` characters before it is built.
    int characters(long length) {
        if (length > limits.characters) {
            throw limit("a text of more than " + limits.characters + " characters");
        }
        steps(length / CHARACTERS_PER_STEP);
        return (int) length;
    }

    /// Announces a list of `length` items before it is built.
    int items(long length) {
        if (length > limits.items) {
            throw limit("a list of more than " + limits.items + " items");
        }
        steps(length);
        return (int) length;
    }

    void enter() {
        if (++depth > limits.depth) {
            throw limit("nested more than " + limits.depth + " deep");
        }
    }

    void leave() {
        depth--;
    }

    private static TemplateException limit(String what) {
        return new TemplateException(TemplateException.Kind.LIMIT, "rendering takes " + what, 0);
    }
}
