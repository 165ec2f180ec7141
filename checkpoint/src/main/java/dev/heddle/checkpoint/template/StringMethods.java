package dev.heddle.checkpoint.template;

import dev.heddle.checkpoint.template.Values.Function;
import dev.heddle.checkpoint.template.Values.Markup;
import dev.heddle.checkpoint.template.Values.None;
import dev.heddle.checkpoint.template.Values.Tuple;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;

/// The methods of Python's `str`.
final class StringMethods {
    private static final Set<String> ESCAPING = Set.of("capitalize", "title", "lower", "upper", "replace", "ljust",
            "rjust", "lstrip", "rstrip", "center", "strip", "swapcase", "zfill", "join", "format", "casefold",
            "removeprefix", "removesuffix", "split", "rsplit", "splitlines", "partition", "rpartition");

    private interface Method {
        Object call(String text, Arguments arguments, Budget budget);
    }

    private static final Map<String, Method> METHODS = new LinkedHashMap<>();

    static {
        METHODS.put("strip", (text, arguments, budget) -> strip(text, arguments, "strip", true, true));
        METHODS.put("lstrip", (text, arguments, budget) -> strip(text, arguments, "lstrip", true, false));
        METHODS.put("rstrip", (text, arguments, budget) -> strip(text, arguments, "rstrip", false, true));
        METHODS.put("split", (text, arguments, budget) -> split(text, arguments, true, budget));
        METHODS.put("rsplit", (text, arguments, budget) -> split(text, arguments, false, budget));
        METHODS.put("splitlines", StringMethods::splitLines);
        METHODS.put("startswith", (text, arguments, budget) -> affix(text, arguments, "startswith", budget));
        METHODS.put("endswith", (text, arguments, budget) -> affix(text, arguments, "endswith", budget));
        METHODS.put("removeprefix", (text, arguments, budget) -> {
            String prefix = text(arguments.bind("removeprefix", 1, "prefix")[0], "removeprefix");
            return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
        });
        METHODS.put("removesuffix", (text, arguments, budget) -> {
            String suffix = text(arguments.bind("removesuffix", 1, "suffix")[0], "removesuffix");
            return text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text;
        });
        METHODS.put("replace", (text, arguments, budget) -> {
            Object[] bound = arguments.bind("replace", 2, "old", "new", "count");
            return replace(text, text(bound[0], "replace"), text(bound[1], "replace"),
                    bound[2] == null ? -1 : Values.integer(bound[2], "replace"), budget);
        });
        METHODS.put("join", (text, arguments, budget) -> {
            List<String> parts = new ArrayList<>();
            int at = 0;
            for (Iterator<Object> items = Values.iterate(arguments.bind("join", 1, "iterable")[0], budget);
                    items.hasNext(); at++) {
                Object item = items.next();
                if (!Values.isText(item)) {
                    throw TemplateException.value("sequence item " + at + ": expected str instance, "
                            + Values.type(item) + " found");
                }
                parts.add(Values.text(item));
            }
            return join(text, parts, budget);
        });
        METHODS.put("lower", simple("lower", text -> text.toLowerCase(Locale.ROOT)));
        METHODS.put("upper", simple("upper", text -> text.toUpperCase(Locale.ROOT)));
        METHODS.put("casefold", simple("casefold", text -> text.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT)));
        METHODS.put("capitalize", simple("capitalize", StringMethods::capitalize));
        METHODS.put("title", simple("title", StringMethods::title));
        METHODS.put("swapcase", simple("swapcase", StringMethods::swapCase));
        METHODS.put("isspace", all("isspace", PythonText::isSpace));
        METHODS.put("isdigit", all("isdigit", Character::isDigit));
        METHODS.put("isdecimal", all("isdecimal", Character::isDigit));
        METHODS.put("isnumeric", all("isnumeric", c -> Character.isDigit(c) || Character.getNumericValue(c) >= 0
                && !Character.isLetter(c)));
        METHODS.put("isalpha", all("isalpha", Character::isLetter));
        METHODS.put("isalnum", all("isalnum", Character::isLetterOrDigit));
        METHODS.put("isascii", (text, arguments, budget) -> text.chars().allMatch(c -> c < 0x80));
        METHODS.put("isupper", (text, arguments, budget) -> text.codePoints().anyMatch(Character::isUpperCase)
                && text.codePoints().noneMatch(Character::isLowerCase));
        METHODS.put("islower", (text, arguments, budget) -> text.codePoints().anyMatch(Character::isLowerCase)
                && text.codePoints().noneMatch(Character::isUpperCase));
        METHODS.put("istitle", (text, arguments, budget) -> text.codePoints().anyMatch(Character::isLetter)
                && title(text).equals(text));
        METHODS.put("find", (text, arguments, budget) -> find(text, arguments, "find", true, budget));
        METHODS.put("rfind", (text, arguments, budget) -> find(text, arguments, "rfind", false, budget));
        METHODS.put("index", (text, arguments, budget) -> index(text, arguments, "index", true, budget));
        METHODS.put("rindex", (text, arguments, budget) -> index(text, arguments, "rindex", false, budget));
        METHODS.put("count", (text, arguments, budget) -> {
            Object[] bound = arguments.bind("count", 1, "sub", "start", "end");
            String within = within(text, bound[1], bound[2], budget);
            String part = text(bound[0], "count");
            budget.characters(within.length());
            return part.isEmpty() ? PythonText.length(within) + 1L : (long) occurrences(within, part);
        });
        METHODS.put("partition", (text, arguments, budget) -> partition(text, arguments, "partition", true));
        METHODS.put("rpartition", (text, arguments, budget) -> partition(text, arguments, "rpartition", false));
        METHODS.put("ljust", (text, arguments, budget) -> pad(text, arguments, "ljust", budget));
        METHODS.put("rjust", (text, arguments, budget) -> pad(text, arguments, "rjust", budget));
        METHODS.put("center", (text, arguments, budget) -> pad(text, arguments, "center", budget));
        METHODS.put("zfill", (text, arguments, budget) -> {
            int width = Values.integer(arguments.bind("zfill", 1, "width")[0], "zfill");
            int missing = budget.characters(Math.max(0, (long) width - PythonText.length(text)));
            boolean signed = text.startsWith("-") || text.startsWith("+");
            return (signed ? text.substring(0, 1) : "") + "0".repeat(missing) + text.substring(signed ? 1 : 0);
        });
        METHODS.put("format", Formatting::format);
    }

    private StringMethods() {
    }

    static Optional<Function> find(String text, String name) {
        return Optional.ofNullable(METHODS.get(name)).map(method -> (interpreter, arguments) -> {
            interpreter.budget().characters(text.length());
            return method.call(text, arguments, interpreter.budget());
        });
    }

    /// Methods of marked text escape the texts they are given and give marked text.
    static Optional<Function> find(Markup markup, String name) {
        return find(markup.text(), name).map(method -> !ESCAPING.contains(name) ? method : (interpreter, arguments) -> {
            List<Object> escaped = arguments.positional().stream().map(StringMethods::escaped).toList();
            return marked(method.call(interpreter, new Arguments(escaped, arguments.named())));
        });
    }

    private static Object escaped(Object value) {
        return switch (value) {
            case String text -> Markup.escape(text);
            case List<?> list -> list.stream().map(StringMethods::escaped).toList();
            default -> value;
        };
    }

    private static Object marked(Object value) {
        return switch (value) {
            case String text -> new Markup(text);
            case Tuple tuple -> new Tuple(tuple.stream().map(StringMethods::marked).toList());
            case List<?> list -> list.stream().map(StringMethods::marked).toList();
            default -> value;
        };
    }

    private interface Plain {
        String apply(String text);
    }

    private static Method simple(String name, Plain change) {
        return (text, arguments, budget) -> {
            arguments.bind(name, 0);
            String changed = change.apply(text);
            budget.characters(changed.length());
            return changed;
        };
    }

    private static Method all(String name, IntPredicate test) {
        return (text, arguments, budget) -> {
            arguments.bind(name, 0);
            return !text.isEmpty() && text.codePoints().allMatch(test);
        };
    }

    private static String text(Object value, String function) {
        if (value instanceof Values.Undefined undefined && undefined.forbidden()) {
            throw undefined.error();
        }
        if (!Values.isText(value)) {
            throw TemplateException.value(function + "() argument must be str, not " + Values.type(value));
        }
        return Values.text(value);
    }

    private static String strip(String text, Arguments arguments, String name, boolean left, boolean right) {
        Object characters = arguments.bind(name, 0, "chars")[0];
        return characters == null || characters == None.NONE ? PythonText.strip(text, left, right)
                : PythonText.strip(text, text(characters, name), left, right);
    }

    private static Object split(String text, Arguments arguments, boolean fromLeft, Budget budget) {
        String name = fromLeft ? "split" : "rsplit";
        Object[] bound = arguments.bind(name, 0, "sep", "maxsplit");
        int most = bound[1] == null ? -1 : Values.integer(bound[1], name);
        most = most < 0 ? Integer.MAX_VALUE : most;
        boolean blanks = bound[0] == null || bound[0] == None.NONE;
        String separator = blanks ? "" : text(bound[0], name);
        if (!blanks && separator.isEmpty()) {
            throw TemplateException.value("empty separator");
        }
        List<Object> parts = blanks ? splitBlanks(text, most, fromLeft) : new ArrayList<>();
        if (!blanks && fromLeft) {
            int from = 0;
            for (int at; parts.size() < most && (at = text.indexOf(separator, from)) >= 0;
                    from = at + separator.length()) {
                parts.add(text.substring(from, at));
            }
            parts.add(text.substring(from));
        } else if (!blanks) {
            int to = text.length();
            for (int at; parts.size() < most && (at = text.lastIndexOf(separator, to - separator.length())) >= 0
                    && to >= separator.length(); to = at) {
                parts.addFirst(text.substring(at + separator.length(), to));
            }
            parts.addFirst(text.substring(0, to));
        }
        budget.items(parts.size());
        return parts;
    }

    private static List<Object> splitBlanks(String text, int most, boolean fromLeft) {
        List<Object> parts = new ArrayList<>();
        if (fromLeft) {
            String rest = PythonText.strip(text, true, false);
            int from = 0;
            while (from < rest.length() && parts.size() < most) {
                int end = from;
                while (end < rest.length() && !PythonText.isSpace(rest.charAt(end))) {
                    end++;
                }
                parts.add(rest.substring(from, end));
                while (end < rest.length() && PythonText.isSpace(rest.charAt(end))) {
                    end++;
                }
                from = end;
            }
            if (from < rest.length()) {
                parts.add(PythonText.strip(rest.substring(from), false, true));
            }
            return parts;
        }
        String rest = PythonText.strip(text, false, true);
        int to = rest.length();
        while (to > 0 && parts.size() < most) {
            int start = to;
            while (start > 0 && !PythonText.isSpace(rest.charAt(start - 1))) {
                start--;
            }
            parts.addFirst(rest.substring(start, to));
            while (start > 0 && PythonText.isSpace(rest.charAt(start - 1))) {
                start--;
            }
            to = start;
        }
        if (to > 0) {
            parts.addFirst(PythonText.strip(rest.substring(0, to), true, false));
        }
        return parts;
    }

    private static Object splitLines(String text, Arguments arguments, Budget budget) {
        Object keep = arguments.bind("splitlines", 0, "keepends")[0];
        boolean keepEnds = keep != null && Values.truth(keep);
        List<Object> lines = new ArrayList<>();
        int from = 0;
        while (from < text.length()) {
            int end = from;
            while (end < text.length() && !isLineEnd(text.charAt(end))) {
                end++;
            }
            int next = Math.min(end + (text.startsWith("\r\n", end) ? 2 : 1), text.length());
            lines.add(text.substring(from, keepEnds ? next : end));
            from = next;
        }
        budget.items(lines.size());
        return lines;
    }

    private static boolean isLineEnd(char c) {
        return c >= 0x0A && c <= 0x0D || c >= 0x1C && c <= 0x1E || c == 0x85 || c == 0x2028 || c == 0x2029;
    }

    private static Object affix(String text, Arguments arguments, String name, Budget budget) {
        Object[] bound = arguments.bind(name, 1, "prefix", "start", "end");
        String within = within(text, bound[1], bound[2], budget);
        List<?> choices = bound[0] instanceof Tuple tuple ? tuple : List.of(bound[0]);
        for (Object choice : choices) {
            if (!Values.isText(choice)) {
                throw TemplateException.value(name + " first arg must be str or a tuple of str, not "
                        + Values.type(choice));
            }
            if (name.equals("startswith") ? within.startsWith(Values.text(choice))
                    : within.endsWith(Values.text(choice))) {
                return true;
            }
        }
        return false;
    }

    private static String within(String text, Object start, Object end, Budget budget) {
        if (start == null && end == null) {
            return text;
        }
        return (String) Attributes.slice(text, start == null ? None.NONE : start, end == null ? None.NONE : end,
                None.NONE, budget);
    }

    private static Object find(String text, Arguments arguments, String name, boolean first, Budget budget) {
        Object[] bound = arguments.bind(name, 1, "sub", "start", "end");
        String part = text(bound[0], name);
        int offset = bound[1] == null || bound[1] == None.NONE ? 0 : Values.integer(bound[1], name);
        int length = PythonText.length(text);
        offset = offset < 0 ? Math.max(0, offset + length) : offset;
        if (offset > length) {
            return -1L;
        }
        String within = within(text, bound[1], bound[2], budget);
        int at = first ? within.indexOf(part) : within.lastIndexOf(part);
        return at < 0 ? -1L : offset + (long) within.codePointCount(0, at);
    }

    private static Object index(String text, Arguments arguments, String name, boolean first, Budget budget) {
        Object found = find(text, arguments, name, first, budget);
        if (found.equals(-1L)) {
            throw TemplateException.value("substring not found");
        }
        return found;
    }

    private static Object partition(String text, Arguments arguments, String name, boolean first) {
        String separator = text(arguments.bind(name, 1, "sep")[0], name);
        if (separator.isEmpty()) {
            throw TemplateException.value("empty separator");
        }
        int at = first ? text.indexOf(separator) : text.lastIndexOf(separator);
        if (at < 0) {
            return first ? Tuple.of(text, "", "") : Tuple.of("", "", text);
        }
        return Tuple.of(text.substring(0, at), separator, text.substring(at + separator.length()));
    }

    private static Object pad(String text, Arguments arguments, String name, Budget budget) {
        Object[] bound = arguments.bind(name, 1, "width", "fillchar");
        String fill = bound[1] == null ? " " : text(bound[1], name);
        if (PythonText.length(fill) != 1) {
            throw TemplateException.value("The fill character must be exactly one character long");
        }
        return pad(text, Values.integer(bound[0], name), fill, name, budget);
    }

    static String pad(String text, int width, String fill, String how, Budget budget) {
        int length = PythonText.length(text);
        int missing = budget.characters(Math.max(0, (long) width - length));
        int left = switch (how) {
            case "ljust" -> 0;
            case "rjust" -> missing;
            // where the odd one goes depends on the width, as in CPython
            default -> missing / 2 + (missing & width & 1);
        };
        return fill.repeat(left) + text + fill.repeat(missing - left);
    }

    static int occurrences(String text, String part) {
        int count = 0;
        for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
            count++;
        }
        return count;
    }

    /// @param most how many to replace; all if negative
    static String replace(String text, String old, String fresh, int most, Budget budget) {
        int places = old.isEmpty() ? PythonText.length(text) + 1 : occurrences(text, old);
        int count = most < 0 ? places : Math.min(most, places);
        int size = budget.characters(text.length() + (long) count * (fresh.length() - old.length()));
        StringBuilder out = new StringBuilder(Math.max(size, 0));
        int from = 0;
        for (int i = 0; i < count; i++) {
            int at = old.isEmpty() ? from : text.indexOf(old, from);
            out.append(text, from, at).append(fresh);
            from = at + old.length();
            if (old.isEmpty() && from < text.length()) {
                int next = from + Character.charCount(text.codePointAt(from));
                out.append(text, from, next);
                from = next;
            }
        }
        return out.append(text, from, text.length()).toString();
    }

    static String join(String separator, List<String> parts, Budget budget) {
        long size = parts.stream().mapToLong(String::length).sum()
                + (long) separator.length() * Math.max(0, parts.size() - 1);
        budget.characters(size);
        return String.join(separator, parts);
    }

    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int end = Character.charCount(text.codePointAt(0));
        return Character.toString(Character.toTitleCase(text.codePointAt(0)))
                + text.substring(end).toLowerCase(Locale.ROOT);
    }

    private static String title(String text) {
        StringBuilder out = new StringBuilder();
        boolean inWord = false;
        for (int i = 0; i < text.length();) {
            int c = text.codePointAt(i);
            boolean cased = Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
            out.appendCodePoint(inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
            inWord = cased;
            i += Character.charCount(c);
        }
        return out.toString();
    }

    private static String swapCase(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints().forEach(c -> out.append(Character.isUpperCase(c)
                ? Character.toString(c).toLowerCase(Locale.ROOT) : Character.toString(c).toUpperCase(Locale.ROOT)));
        return out.toString();
    }
}
