package dev.heddle.server.model;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The models of a server by name; the first is the one for requests that name none.
public final class ServedModels {
    private final Map<String, ServedModel> byName = new LinkedHashMap<>();

    /// @throws IllegalArgumentException if there are none, or two have one name
    public ServedModels(List<ServedModel> models) {
        for (ServedModel model : models) {
            if (byName.put(model.name(), model) != null) {
                throw new IllegalArgumentException("two models are called " + model.name());
            }
        }
        if (byName.isEmpty()) {
            throw new IllegalArgumentException("there is no model to serve");
        }
    }

    public Collection<ServedModel> all() {
        return byName.values();
    }

    public ServedModel first() {
        return byName.values().iterator().next();
    }

    public Optional<ServedModel> find(String name) {
        return Optional.ofNullable(byName.get(name));
    }
}
