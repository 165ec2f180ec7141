package dev.heddle.core.spec;

/// An architecture specification that cannot be built. The message names the field.
public final class SpecException extends IllegalArgumentException {
    public SpecException(String field, String problem) {
        super(field + " " + problem);
    }
}
