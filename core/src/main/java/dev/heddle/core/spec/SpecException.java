package dev.heddle.core.spec;

/// An architecture specification that cannot be built. The message names the field.
public final class SpecException extends IllegalArgumentException {
    private final String field;
    private final String problem;

    public SpecException(String field, String problem) {
        super(field + " " + problem);
        this.field = field;
        this.problem = problem;
    }

    /// What is wrong: the record's name and the path to the component, `attention.position.dimensions`.
    public String field() {
        return field;
    }

    /// The rest of the sentence.
    public String problem() {
        return problem;
    }
}
