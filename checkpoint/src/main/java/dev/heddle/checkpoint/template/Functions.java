package dev.heddle.checkpoint.template;

import dev.heddle.checkpoint.template.Values.Function;
import dev.heddle.checkpoint.template.Values.Namespace;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The functions every chat template can call.
final class Functions {
    static final Map<String, Function> GLOBALS = Map.of(
            "range", (interpreter, arguments) -> range(arguments),
            "dict", (interpreter, arguments) -> dict(arguments, interpreter.budget()),
            "namespace", (interpreter, arguments) -> {
                Namespace namespace = new Namespace();
                dict(arguments, interpreter.budget()).forEach((key, value) ->
                        namespace.attributes.put(PythonText.str(key, interpreter.budget()), value));
                return namespace;
            },
            "cycler", (interpreter, arguments) -> new Cycler(arguments.positional()),
            "joiner", (interpreter, arguments) -> joiner(arguments),
            "raise_exception", (interpreter, arguments) -> {
                Object message = arguments.bind("raise_exception", 1, "message")[0];
                throw new TemplateException(TemplateException.Kind.RAISED,
                        PythonText.str(message, interpreter.budget()), 0);
            },
            "strftime_now", (interpreter, arguments) -> {
                Object format = arguments.bind("strftime_now", 1, "format")[0];
                return Strftime.format(PythonText.str(format, interpreter.budget()), interpreter.clock());
            });

    private Functions() {
    }

    private static Object range(Arguments arguments) {
        Object[] bound = arguments.bind("range", 1, "start", "stop", "step");
        long start = bound[1] == null ? 0 : whole(bound[0]);
        long stop = whole(bound[1] == null ? bound[0] : bound[1]);
        return new Values.Range(start, stop, bound[2] == null ? 1 : whole(bound[2]));
    }

    private static long whole(Object value) {
        return value instanceof Long number ? number : Values.integer(value, "range");
    }

    private static Map<Object, Object> dict(Arguments arguments, Budget budget) {
        Map<Object, Object> map = new LinkedHashMap<>();
        if (arguments.positional().size() > 1) {
            throw TemplateException.value("dict expected at most 1 argument, got " + arguments.positional().size());
        }
        for (Object source : arguments.positional()) {
            if (source instanceof Map<?, ?> other) {
                budget.items(other.size());
                map.putAll(other);
                continue;
            }
            for (Object pair : Values.list(source, budget)) {
                List<Object> items = Values.list(pair, budget);
                if (items.size() != 2) {
                    throw TemplateException.value("dictionary update sequence element has length " + items.size()
                            + "; 2 is required");
                }
                Values.checkHashable(items.getFirst());
                map.put(items.getFirst(), items.getLast());
            }
        }
        map.putAll(arguments.named());
        return map;
    }

    private static Function joiner(Arguments arguments) {
        Object given = arguments.bind("joiner", 0, "sep")[0];
        Object separator = given == null ? ", " : given;
        boolean[] used = {false};
        return (interpreter, none) -> {
            Object text = used[0] ? separator : "";
            used[0] = true;
            return text;
        };
    }

    /// Gives its items in turn.
    static final class Cycler {
        private final List<Object> items;
        private int at;

        Cycler(List<Object> items) {
            if (items.isEmpty()) {
                throw TemplateException.value("at least one item has to be provided");
            }
            this.items = new ArrayList<>(items);
        }

        Optional<Object> attribute(String name) {
            return switch (name) {
                case "current" -> Optional.of(items.get(at));
                case "next" -> Optional.of((Function) (interpreter, arguments) -> {
                    Object item = items.get(at);
                    at = (at + 1) % items.size();
                    return item;
                });
                case "reset" -> Optional.of((Function) (interpreter, arguments) -> {
                    at = 0;
                    return Values.None.NONE;
                });
                default -> Optional.empty();
            };
        }
    }
}
