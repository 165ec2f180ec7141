package dev.heddle.checkpoint.template;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The values a call passes.
record Arguments(List<Object> positional, Map<String, Object> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    static Arguments of(Object... positional) {
        return new Arguments(List.of(positional), Map.of());
    }

    /// The values in the order of `names`, `null` where none is passed. The first `required` must be passed.
    Object[] bind(String function, int required, String... names) {
        if (positional.size() > names.length) {
            throw TemplateException.value(function + "() takes at most " + names.length + " arguments, "
                    + positional.size() + " given");
        }
        Object[] values = new Object[names.length];
        for (int i = 0; i < positional.size(); i++) {
            values[i] = positional.get(i);
        }
        Map<String, Object> left = new LinkedHashMap<>(named);
        for (int i = 0; i < names.length; i++) {
            Object value = left.remove(names[i]);
            if (value != null && values[i] != null) {
                throw TemplateException.value(function + "() got multiple values for argument '" + names[i] + "'");
            }
            values[i] = value != null ? value : values[i];
        }
        if (!left.isEmpty()) {
            throw TemplateException.value(function + "() got an unexpected keyword argument '"
                    + left.keySet().iterator().next() + "'");
        }
        for (int i = 0; i < required; i++) {
            if (values[i] == null) {
                throw TemplateException.value(function + "() missing required argument: '" + names[i] + "'");
            }
        }
        return values;
    }

    /// These without the first `count` positional ones.
    Arguments rest(int count) {
        return new Arguments(positional.subList(Math.min(count, positional.size()), positional.size()), named);
    }
}
