package dev.heddle.checkpoint.spec;

import dev.heddle.checkpoint.spec.SpecNode.Listing;
import dev.heddle.checkpoint.spec.SpecNode.Mapping;
import dev.heddle.checkpoint.spec.SpecNode.Place;
import dev.heddle.checkpoint.spec.SpecNode.Scalar;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.MixerSpec;
import java.lang.reflect.Type;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Makes a file's tree from specification records: what equals its default is left out, constants go by their names,
/// equal blocks are written once.
final class SpecEncoder {
    private final SpecTypes types;
    private final SpecDecoder defaults;

    SpecEncoder(SpecTypes types) {
        this.types = types;
        defaults = new SpecDecoder(types, new SpecError("defaults"), Map.of());
    }

    /// The tree of a root record.
    Mapping root(Record value) {
        return components(value, new LinkedHashMap<>(), true);
    }

    /// The tree of a value of declared type `type`.
    SpecNode value(Type type, Object value) {
        Class<?> raw = SpecTypes.raw(type);
        return switch (value) {
            case Optional<?> optional -> value(SpecTypes.argument(type, 0), optional.orElseThrow());
            case List<?> list -> new Listing(list.stream().map(item -> value(SpecTypes.argument(type, 0), item)).toList(), Place.NOWHERE);
            case Map<?, ?> map -> {
                Map<String, SpecNode> entries = new LinkedHashMap<>();
                map.forEach((key, item) -> entries.put((String) key, value(SpecTypes.argument(type, 1), item)));
                yield new Mapping(entries, Place.NOWHERE);
            }
            case Record record -> record(raw, record);
            default -> SpecScalars.write(value);
        };
    }

    private SpecNode record(Class<?> type, Record record) {
        for (Map.Entry<String, Object> constant : types.constants(type).entrySet()) {
            if (constant.getValue().equals(record)) {
                return Scalar.string(constant.getKey());
            }
        }
        if (types.listForm(type).filter(form -> form == record.getClass()).isPresent()) {
            SpecTypes.Component list = types.components(record.getClass()).getFirst();
            return value(list.type(), list.of(record));
        }
        if (SpecTypes.isEmpty(record.getClass()) && !type.isRecord()) {
            return Scalar.string(SpecTypes.name(record.getClass()));
        }
        Map<String, SpecNode> entries = new LinkedHashMap<>();
        if (!type.isRecord()) {
            entries.put("type", Scalar.string(SpecTypes.name(record.getClass())));
        }
        return components(record, entries, false);
    }

    private Set<String> leading() {
        Set<String> names = new HashSet<>(types.variants(MixerSpec.class).keySet());
        names.addAll(types.variants(ChannelMixerSpec.class).keySet());
        return names;
    }

    private Mapping components(Record record, Map<String, SpecNode> entries, boolean root) {
        List<SpecTypes.Component> components = types.components(record.getClass());
        Object[] values = components.stream().map(component -> component.of(record)).toArray();
        for (int i = 0; i < values.length; i++) {
            SpecTypes.Component component = components.get(i);
            Object value = values[i];
            if (value instanceof Optional<?> optional && optional.isEmpty()
                    || component.fallback().isPresent() && value.equals(defaults.fallback(component, values, components))) {
                continue;
            }
            entries.put(component.key(), root && component.key().equals(SpecExpansion.BLOCKS)
                    ? SpecCompression.of((List<?>) value, leading(), block -> value(SpecTypes.argument(component.type(), 0), block))
                    : value(component.type(), value));
        }
        return new Mapping(entries, Place.NOWHERE);
    }
}
