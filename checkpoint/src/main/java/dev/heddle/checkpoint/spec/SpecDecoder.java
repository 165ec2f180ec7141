package dev.heddle.checkpoint.spec;

import dev.heddle.checkpoint.spec.SpecNode.Listing;
import dev.heddle.checkpoint.spec.SpecNode.Mapping;
import dev.heddle.checkpoint.spec.SpecNode.Scalar;
import dev.heddle.checkpoint.text.Nearest;
import dev.heddle.core.spec.SpecException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Makes specification records from a file's tree. It knows no record by name: a new one needs nothing here.
final class SpecDecoder {
    /// Position of what is decoded among the model's blocks; -1 outside of them.
    private static final int NO_BLOCK = -1;
    private static final int LONGEST_CHAIN = 100;

    private final SpecTypes types;
    private final SpecError error;
    private final Map<String, SpecNode> definitions;
    private final Map<SpecTypes.Component, Object> fallbacks = new HashMap<>();

    SpecDecoder(SpecTypes types, SpecError error, Map<String, SpecNode> definitions) {
        this.types = types;
        this.error = error;
        this.definitions = definitions;
    }

    /// A record of class `type` whose keys stand in `node`.
    <T> T root(Class<T> type, Mapping node) {
        return type.cast(record(type, node, "", NO_BLOCK, false));
    }

    /// The value a [dev.heddle.core.spec.Default] stands for.
    ///
    /// @param values those of the record's components, as far as they are known
    Object fallback(SpecTypes.Component component, Object[] values, List<SpecTypes.Component> all) {
        String same = component.fallback().orElseThrow().sameAs();
        if (!same.isEmpty()) {
            for (int i = 0; i < values.length; i++) {
                if (all.get(i).component().getName().equals(same) && values[i] != null) {
                    return values[i];
                }
            }
            throw new IllegalStateException(component.component() + " takes its default from " + same
                    + ", which is no component with a value of its own");
        }
        return fallbacks.computeIfAbsent(component, this::fallback);
    }

    private Object fallback(SpecTypes.Component component) {
        String text = component.fallback().orElseThrow().value();
        return new SpecDecoder(types, new SpecError("default of " + component.component()), Map.of())
                .value(component.type(), SpecTree.parse(text, "default"), component.key(), NO_BLOCK);
    }

    private Object value(Type type, SpecNode node, String path, int block) {
        Class<?> raw = SpecTypes.raw(type);
        if (raw == Optional.class) {
            return node instanceof Scalar scalar && scalar.text().equals("none") ? Optional.empty() : Optional.of(value(SpecTypes.argument(type, 0), node, path, block));
        }
        if (raw == List.class) {
            return list(type, node, path, block);
        }
        if (raw == Map.class) {
            return map(type, node, path, block);
        }
        if (SpecTypes.isSpec(raw)) {
            return spec(raw, node, path, block);
        }
        if (!(node instanceof Scalar scalar) || scalar.kind() == Scalar.Kind.NULL) {
            throw error.wrong(node, path, SpecScalars.expected(raw));
        }
        return SpecScalars.read(raw, scalar, path, error);
    }

    private List<Object> list(Type type, SpecNode node, String path, int block) {
        Type element = SpecTypes.argument(type, 0);
        if (path.equals(SpecExpansion.BLOCKS)) {
            List<SpecNode> blocks = new SpecExpansion(error, definitions.keySet()).expand(node);
            List<Object> values = new ArrayList<>(blocks.size());
            for (int i = 0; i < blocks.size(); i++) {
                values.add(value(element, blocks.get(i), path + "[" + i + "]", i));
            }
            return values;
        }
        if (!(node instanceof Listing listing)) {
            throw error.wrong(node, path, "a list");
        }
        List<Object> values = new ArrayList<>(listing.items().size());
        for (int i = 0; i < listing.items().size(); i++) {
            values.add(value(element, listing.items().get(i), path + "[" + i + "]", block));
        }
        return values;
    }

    private Map<String, Object> map(Type type, SpecNode node, String path, int block) {
        if (!(node instanceof Mapping mapping)) {
            throw error.wrong(node, path, "a mapping");
        }
        Map<String, Object> values = new LinkedHashMap<>();
        mapping.entries().forEach((key, value) -> values.put(key,
                value(SpecTypes.argument(type, 1), value, path + "." + key, block)));
        return values;
    }

    /// A record or one of a sealed interface's records: a mapping, the name of a definition, of a constant or of a
    /// record without components, or a list.
    private Object spec(Class<?> type, SpecNode written, String path, int block) {
        SpecNode node = resolve(written, path, block);
        return switch (node) {
            case Mapping mapping -> record(variant(type, mapping, path), mapping, path, block, !type.isRecord());
            case Listing listing -> {
                Class<?> form = types.listForm(type).orElseThrow(() -> error.wrong(node, path, "a mapping"));
                yield construct(form, listing, path,
                        list(types.components(form).getFirst().type(), listing, path, block));
            }
            case Scalar scalar -> named(type, scalar, path);
        };
    }

    /// Follows names of definitions and choices by position.
    private SpecNode resolve(SpecNode written, String path, int block) {
        SpecNode node = written;
        for (int i = 0; i < LONGEST_CHAIN; i++) {
            if (node instanceof Scalar scalar && scalar.kind() == Scalar.Kind.STRING && definitions.containsKey(scalar.text())) {
                node = definitions.get(scalar.text());
            } else if (node instanceof Mapping mapping && PeriodicChoice.isOne(mapping)) {
                if (block == NO_BLOCK) {
                    throw error.at(node, path + " chooses by period, which only a layer within 'blocks' can");
                }
                node = PeriodicChoice.of(mapping, path, error).at(block);
            } else {
                return node;
            }
        }
        throw error.at(written, path + " names a definition that leads back to itself");
    }

    private Class<?> variant(Class<?> type, Mapping mapping, String path) {
        if (type.isRecord()) {
            return type;
        }
        Map<String, Class<?>> variants = types.variants(type);
        SpecNode tag = mapping.entries().get("type");
        if (tag == null) {
            throw error.at(mapping, path + ".type is missing, expected one of " + String.join(", ", variants.keySet()));
        }
        if (!(tag instanceof Scalar scalar) || !variants.containsKey(scalar.text())) {
            throw error.at(tag, path + ".type is " + tag.describe() + ", expected one of " + String.join(", ", variants.keySet())
                    + (tag instanceof Scalar text ? Nearest.hint(text.text(), variants.keySet()) : ""));
        }
        return variants.get(scalar.text());
    }

    private Object named(Class<?> type, Scalar scalar, String path) {
        Object constant = types.constants(type).get(scalar.text());
        if (constant != null) {
            return constant;
        }
        Class<?> variant = types.variants(type).get(scalar.text());
        if (variant != null && SpecTypes.isEmpty(variant)) {
            return construct(variant, scalar, path);
        }
        List<String> names = new ArrayList<>(types.constants(type).keySet());
        types.variants(type).forEach((name, record) -> {
            if (SpecTypes.isEmpty(record) && !names.contains(name)) {
                names.add(name);
            }
        });
        names.addAll(definitions.keySet());
        throw error.wrong(scalar, path, "a mapping" + (names.isEmpty() ? "" : " or one of the names " + String.join(", ", names)));
    }

    /// @param tagged whether the key `type` has said which record it is
    private Object record(Class<?> record, Mapping mapping, String path, int block, boolean tagged) {
        List<SpecTypes.Component> components = types.components(record);
        List<String> known = components.stream().map(SpecTypes.Component::key).toList();
        mapping.entries().forEach((key, value) -> {
            if (!known.contains(key) && !(key.equals("type") && tagged)) {
                throw error.at(value, (path.isEmpty() ? "" : path + ": ") + "the key \"" + key + "\" is unknown"
                        + Nearest.hint(key, known) + "; known are " + String.join(", ", known));
            }
        });
        Object[] values = new Object[components.size()];
        for (int i = 0; i < values.length; i++) {
            SpecTypes.Component component = components.get(i);
            SpecNode node = mapping.entries().get(component.key());
            String place = path.isEmpty() ? component.key() : path + "." + component.key();
            if (node != null) {
                values[i] = value(component.type(), node, place, block);
            } else if (component.raw() == Optional.class) {
                values[i] = Optional.empty();
            } else if (component.fallback().isEmpty()) {
                throw error.at(mapping, place + " is missing");
            } else if (component.fallback().get().sameAs().isEmpty()) {
                values[i] = fallback(component, values, components);
            }
        }
        for (int i = 0; i < values.length; i++) {
            if (values[i] == null) {
                values[i] = fallback(components.get(i), values, components);
            }
        }
        return construct(record, mapping, path, values);
    }

    private Object construct(Class<?> record, SpecNode node, String path, Object... values) {
        try {
            Class<?>[] parameters = types.components(record).stream().map(SpecTypes.Component::raw).toArray(Class<?>[]::new);
            Constructor<?> canonical = record.getDeclaredConstructor(parameters);
            return canonical.newInstance(values);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof SpecException refused) {
                throw error.refused(node, path, refused);
            }
            throw error.at(node, path + ": " + e.getCause().getMessage());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(record + " cannot be made", e);
        }
    }
}
