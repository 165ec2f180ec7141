package dev.heddle.engine.grammar;

/// A schema that cannot be enforced: it says something impossible, or uses a keyword that is not supported.
public final class SchemaException extends RuntimeException {
    private final String path;

    SchemaException(String path, String message) {
        super((path.isEmpty() ? "the schema" : path) + ": " + message);
        this.path = path;
    }

    /// Where in the schema, as `properties.name.pattern`.
    public String path() {
        return path;
    }
}
