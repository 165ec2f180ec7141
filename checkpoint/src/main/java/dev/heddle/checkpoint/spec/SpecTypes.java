package dev.heddle.checkpoint.spec;

import dev.heddle.core.spec.Default;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.lang.reflect.ParameterizedType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// What specification records are called in files, all derived from the records themselves: keys are their components,
/// types the names of their classes without `Spec`, constants (`none`) their public constants, each in snake case.
final class SpecTypes {
    /// A record's component.
    ///
    /// @param key      its name in files
    /// @param fallback what it is when left out
    record Component(String key, RecordComponent component, Optional<Default> fallback) {
        Type type() {
            return component.getGenericType();
        }

        Class<?> raw() {
            return component.getType();
        }

        Object of(Object value) {
            try {
                return component.getAccessor().invoke(value);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(component + " cannot be read", e);
            }
        }
    }

    private final Map<Class<?>, Map<String, Class<?>>> variants = new HashMap<>();
    private final Map<Class<?>, Map<String, Object>> constants = new HashMap<>();
    private final Map<Class<?>, List<Component>> components = new HashMap<>();

    /// `kvHeads` as `kv_heads`, `GatedMlp` as `gated_mlp`.
    static String snake(String camel) {
        return camel.replaceAll("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_").toLowerCase(Locale.ROOT);
    }

    /// What `type: …` calls a record class.
    static String name(Class<?> record) {
        String simple = record.getSimpleName();
        return snake(simple.endsWith("Spec") ? simple.substring(0, simple.length() - 4) : simple);
    }

    /// Whether `type` is a record or a sealed interface over records.
    static boolean isSpec(Class<?> type) {
        return type.isRecord() || type.isSealed() && type.isInterface();
    }

    static boolean isEmpty(Class<?> record) {
        return record.getRecordComponents().length == 0;
    }

    /// The records a value of `type` can be, by name.
    Map<String, Class<?>> variants(Class<?> type) {
        return variants.computeIfAbsent(type, this::findVariants);
    }

    private Map<String, Class<?>> findVariants(Class<?> type) {
        Map<String, Class<?>> found = new LinkedHashMap<>();
        collect(type, found);
        return found;
    }

    private static void collect(Class<?> type, Map<String, Class<?>> found) {
        if (type.isRecord()) {
            Class<?> old = found.put(name(type), type);
            if (old != null && old != type) {
                throw new IllegalStateException(old + " and " + type + " have the same name in specification files");
            }
        } else {
            Class<?>[] permitted = type.getPermittedSubclasses();
            if (permitted == null) {
                throw new IllegalStateException(type + " is neither a record nor sealed");
            }
            Arrays.stream(permitted).forEach(sub -> collect(sub, found));
        }
    }

    /// The public constants of `type` that are of that type, by name.
    Map<String, Object> constants(Class<?> type) {
        return constants.computeIfAbsent(type, SpecTypes::findConstants);
    }

    private static Map<String, Object> findConstants(Class<?> type) {
        Map<String, Object> found = new LinkedHashMap<>();
        for (Field field : type.getFields()) {
            if (Modifier.isStatic(field.getModifiers()) && field.getDeclaringClass() == type
                    && type.isAssignableFrom(field.getType())) {
                try {
                    found.put(field.getName().toLowerCase(Locale.ROOT), field.get(null));
                } catch (IllegalAccessException e) {
                    throw new IllegalStateException(field + " cannot be read", e);
                }
            }
        }
        return found;
    }

    /// A record's components in order.
    List<Component> components(Class<?> record) {
        return components.computeIfAbsent(record, SpecTypes::findComponents);
    }

    private static List<Component> findComponents(Class<?> record) {
        List<Component> found = new ArrayList<>();
        for (RecordComponent component : record.getRecordComponents()) {
            found.add(new Component(snake(component.getName()), component,
                    Optional.ofNullable(component.getAnnotation(Default.class))));
        }
        return found;
    }

    /// The one record of `type` that is nothing but a list of values of that type: a file may write the list alone.
    Optional<Class<?>> listForm(Class<?> type) {
        return type.isRecord() ? Optional.empty() : variants(type).values().stream().filter(record -> {
            List<Component> parts = components(record);
            return parts.size() == 1 && parts.getFirst().raw() == List.class && argument(parts.getFirst().type(), 0) == type;
        }).findFirst().map(record -> (Class<?>) record);
    }

    /// The `index`-th type argument of a generic type.
    static Type argument(Type type, int index) {
        return ((ParameterizedType) type).getActualTypeArguments()[index];
    }

    static Class<?> raw(Type type) {
        return type instanceof ParameterizedType generic ? (Class<?>) generic.getRawType() : (Class<?>) type;
    }
}
