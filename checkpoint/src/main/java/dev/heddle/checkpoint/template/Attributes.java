package dev.heddle.checkpoint.template;

import dev.heddle.checkpoint.template.Values.DictView;
import dev.heddle.checkpoint.template.Values.Function;
import dev.heddle.checkpoint.template.Values.Markup;
import dev.heddle.checkpoint.template.Values.None;
import dev.heddle.checkpoint.template.Values.Tuple;
import dev.heddle.checkpoint.template.Values.Undefined;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// `object.name`, `object[key]` and slices. A name means a method first and then a key, a key the other way round.
/// Only the methods listed here exist: there is no way from a template into Java, and none to change a value.
final class Attributes {
    private static final Set<String> LIST_CHANGES = Set.of("append", "clear", "extend", "insert", "pop", "remove",
            "reverse", "sort");
    private static final Set<String> DICT_CHANGES = Set.of("clear", "pop", "popitem", "setdefault", "update");

    private Attributes() {
    }

    static Object attribute(Object object, String name, Budget budget) {
        if (object instanceof Undefined undefined) {
            throw undefined.error();
        }
        Optional<Object> found = method(object, name, budget);
        if (found.isPresent()) {
            return found.get();
        }
        Object value = object instanceof Map<?, ?> map ? map.get(name) : null;
        return value != null ? value : missing(object, name);
    }

    static Object item(Object object, Object key, Budget budget) {
        if (object instanceof Undefined undefined) {
            throw undefined.error();
        }
        if (object instanceof Map<?, ?> map) {
            boolean hashable = !(key instanceof List<?> && !(key instanceof Tuple)) && !(key instanceof Map<?, ?>);
            Object value = hashable ? Values.lookUp(map, key, budget) : null;
            if (value != null) {
                return value;
            }
        } else if (Values.isNumber(key) && !(key instanceof Double)) {
            int index = Values.integer(key, "index");
            if (object instanceof List<?> list) {
                int at = index < 0 ? index + list.size() : index;
                if (at >= 0 && at < list.size()) {
                    return list.get(at);
                }
            } else if (Values.isText(object)) {
                String text = Values.text(object);
                int length = PythonText.length(text);
                int at = index < 0 ? index + length : index;
                if (at >= 0 && at < length) {
                    String character = Character.toString(text.codePointAt(PythonText.place(text, at)));
                    return object instanceof Markup ? new Markup(character) : character;
                }
            }
        }
        if (Values.isText(key)) {
            Optional<Object> found = method(object, Values.text(key), budget);
            if (found.isPresent()) {
                return found.get();
            }
            return missing(object, Values.text(key));
        }
        return new Undefined(describe(object) + " has no element " + PythonText.repr(key, budget), false);
    }

    /// `object[start:stop:step]`; an absent part is [None#NONE].
    static Object slice(Object object, Object start, Object stop, Object step, Budget budget) {
        if (object instanceof Undefined undefined) {
            throw undefined.error();
        }
        boolean text = Values.isText(object);
        if (!text && !(object instanceof List<?>)) {
            throw TemplateException.value(object instanceof Map<?, ?> ? "unhashable type: 'slice'"
                    : "'" + Values.type(object) + "' object is not subscriptable");
        }
        int length = Values.length(object);
        int by = step == None.NONE ? 1 : Values.integer(step, "slice");
        if (by == 0) {
            throw TemplateException.value("slice step cannot be zero");
        }
        int from = bound(start, by > 0 ? 0 : length - 1, length, by);
        int to = bound(stop, by > 0 ? length : -1, length, by);
        if (text) {
            return slice(object, from, to, by, budget);
        }
        List<?> list = (List<?>) object;
        List<Object> part = new ArrayList<>();
        for (long i = from; by > 0 ? i < to : i > to; i += by) {
            part.add(list.get((int) i));
        }
        budget.items(part.size());
        return object instanceof Tuple ? new Tuple(part) : part;
    }

    private static Object slice(Object object, int from, int to, int by, Budget budget) {
        String text = Values.text(object);
        budget.characters(text.length());
        String part;
        if (by == 1) {
            part = from >= to ? "" : text.substring(PythonText.place(text, from), PythonText.place(text, to));
        } else {
            int[] codePoints = text.codePoints().toArray();
            StringBuilder picked = new StringBuilder();
            for (long i = from; by > 0 ? i < to : i > to; i += by) {
                picked.appendCodePoint(codePoints[(int) i]);
            }
            part = picked.toString();
        }
        return object instanceof Markup ? new Markup(part) : part;
    }

    private static int bound(Object given, int absent, int length, int step) {
        if (given == None.NONE) {
            return absent;
        }
        long index = Values.integer(given, "slice");
        if (index < 0) {
            index += length;
        }
        return (int) (step > 0 ? Math.clamp(index, 0, length) : Math.clamp(index, -1, length - 1));
    }

    private static Optional<Object> method(Object object, String name, Budget budget) {
        return switch (object) {
            case String text -> StringMethods.find(text, name).map(method -> method);
            case Markup markup -> StringMethods.find(markup, name).map(method -> method);
            case LoopState loop -> loop.attribute(name);
            case Macro macro -> macro.attribute(name);
            case Values.Namespace namespace -> Optional.ofNullable(namespace.attributes.get(name));
            case Functions.Cycler cycler -> cycler.attribute(name);
            case Tuple tuple -> sequenceMethod(tuple, name);
            case Values.Range range -> sequenceMethod(range, name);
            case List<?> list -> LIST_CHANGES.contains(name) ? Optional.of(forbidden(object, name))
                    : name.equals("copy") ? Optional.of((Function) (interpreter, arguments) ->
                            Values.list(list, interpreter.budget())) : sequenceMethod(list, name);
            case Map<?, ?> map -> DICT_CHANGES.contains(name) ? Optional.of(forbidden(object, name))
                    : dictMethod(map, name);
            default -> Optional.empty();
        };
    }

    private static Optional<Object> sequenceMethod(List<?> list, String name) {
        Function method = switch (name) {
            case "count" -> (interpreter, arguments) -> {
                Object[] bound = arguments.bind("count", 1, "value");
                return list.stream().filter(item -> Values.equal(item, bound[0], interpreter.budget())).count();
            };
            case "index" -> (interpreter, arguments) -> {
                Object[] bound = arguments.bind("index", 1, "value");
                for (int i = 0; i < list.size(); i++) {
                    if (Values.equal(list.get(i), bound[0], interpreter.budget())) {
                        return (long) i;
                    }
                }
                throw TemplateException.value(PythonText.repr(bound[0], interpreter.budget()) + " is not in list");
            };
            default -> null;
        };
        return Optional.ofNullable(method);
    }

    private static Optional<Object> dictMethod(Map<?, ?> map, String name) {
        Function method = switch (name) {
            case "items" -> (interpreter, arguments) -> {
                arguments.bind("items", 0);
                return items(map, interpreter.budget());
            };
            case "keys" -> (interpreter, arguments) -> {
                arguments.bind("keys", 0);
                return new DictView("keys", Values.list(map, interpreter.budget()));
            };
            case "values" -> (interpreter, arguments) -> {
                arguments.bind("values", 0);
                interpreter.budget().items(map.size());
                return new DictView("values", new ArrayList<>(map.values()));
            };
            case "get" -> (interpreter, arguments) -> {
                Object[] bound = arguments.bind("get", 1, "key", "default");
                Values.checkHashable(bound[0]);
                Object value = Values.lookUp(map, bound[0], interpreter.budget());
                return value != null ? value : bound[1] != null ? bound[1] : None.NONE;
            };
            case "copy" -> (interpreter, arguments) -> {
                arguments.bind("copy", 0);
                interpreter.budget().items(map.size());
                return new LinkedHashMap<>(map);
            };
            default -> null;
        };
        return Optional.ofNullable(method);
    }

    static DictView items(Map<?, ?> map, Budget budget) {
        List<Object> items = new ArrayList<>(budget.items(map.size()));
        map.forEach((key, value) -> items.add(Tuple.of(key, value)));
        return new DictView("items", items);
    }

    private static Undefined forbidden(Object object, String name) {
        return new Undefined("access to attribute '" + name + "' of '" + Values.type(object) + "' object is unsafe.",
                true);
    }

    private static Undefined missing(Object object, String name) {
        return new Undefined("'" + describe(object) + "' has no attribute '" + name + "'", false);
    }

    private static String describe(Object object) {
        return switch (object) {
            case None none -> "None";
            case Values.Namespace namespace -> "jinja2.utils.Namespace object";
            case LoopState loop -> "jinja2.runtime.LoopContext object";
            case Macro macro -> "jinja2.runtime.Macro object";
            case Markup markup -> "markupsafe.Markup object";
            default -> Values.type(object) + " object";
        };
    }
}
