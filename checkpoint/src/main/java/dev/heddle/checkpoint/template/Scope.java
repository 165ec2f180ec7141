package dev.heddle.checkpoint.template;

import java.util.HashMap;
import java.util.Map;

/// The names known at one place of a template. An assignment is seen here and in inner scopes, never outside.
final class Scope {
    private final Scope outer;
    private final Map<String, Object> values = new HashMap<>();

    Scope(Scope outer) {
        this.outer = outer;
    }

    /// The value of `name`, or `null` if nothing here or around has set it.
    Object get(String name) {
        for (Scope scope = this; scope != null; scope = scope.outer) {
            Object value = scope.values.get(name);
            if (value != null) {
                return value;
            }
        }
        return null;
    }

    void set(String name, Object value) {
        values.put(name, value);
    }
}
