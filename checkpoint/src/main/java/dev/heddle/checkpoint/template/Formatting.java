package dev.heddle.checkpoint.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Python's two ways of putting values into a text: `"%s" % value` and `"{}".format(value)`.
final class Formatting {
    private static final int MAX_PRECISION = 1000;

    private Formatting() {
    }

    /// How a value is to be written.
    ///
    /// @param sign `+`, a space or `-` (only negative numbers are signed)
    /// @param align `<`, `>`, `^`, `=` or 0 for the type's own
    /// @param precision -1 if not given
    /// @param type the letter at the end, 0 if not given
    private record Spec(String fill, char align, char sign, boolean alternate, int width, boolean commas, int precision,
            char type) { }

    /// `template % values`; a tuple holds the values one by one, a dict by name.
    static String percent(String template, Object values, Budget budget) {
        StringBuilder out = new StringBuilder();
        List<?> several = values instanceof Values.Tuple tuple ? tuple : List.of(values);
        int used = 0;
        int at = 0;
        while (at < template.length()) {
            int mark = template.indexOf('%', at);
            out.append(template, at, mark < 0 ? template.length() : mark);
            if (mark < 0) {
                break;
            }
            at = mark + 1;
            Object named = null;
            if (at < template.length() && template.charAt(at) == '(') {
                int end = template.indexOf(')', at);
                if (end < 0) {
                    throw TemplateException.value("incomplete format key");
                }
                if (!(values instanceof Map<?, ?> map)) {
                    throw TemplateException.value("format requires a mapping");
                }
                named = map.get(template.substring(at + 1, end));
                if (named == null) {
                    throw TemplateException.value("'" + template.substring(at + 1, end) + "'");
                }
                at = end + 1;
            }
            boolean left = false;
            boolean zero = false;
            boolean alternate = false;
            char sign = '-';
            for (; at < template.length() && "-+ 0#".indexOf(template.charAt(at)) >= 0; at++) {
                switch (template.charAt(at)) {
                    case '-' -> left = true;
                    case '0' -> zero = true;
                    case '#' -> alternate = true;
                    case '+' -> sign = '+';
                    default -> sign = sign == '+' ? '+' : ' ';
                }
            }
            int[] number = number(template, at);
            int width = Math.max(0, number[0]);
            at = number[1];
            int precision = -1;
            if (at < template.length() && template.charAt(at) == '.') {
                number = number(template, at + 1);
                precision = Math.max(0, number[0]);
                at = number[1];
            }
            if (at >= template.length()) {
                throw TemplateException.value("incomplete format");
            }
            char type = template.charAt(at++);
            if (type == '%') {
                out.append('%');
                continue;
            }
            if (named == null && used >= several.size()) {
                throw TemplateException.value("not enough arguments for format string");
            }
            Object value = named != null ? named : several.get(used++);
            Spec spec = new Spec(zero && !left && type != 's' && type != 'r' ? "0" : " ", left ? '<'
                    : zero && type != 's' && type != 'r' ? '=' : '>', sign, alternate, width, false, precision, type);
            out.append(switch (type) {
                case 's' -> text(PythonText.str(value, budget), spec, budget);
                case 'r', 'a' -> text(PythonText.repr(value, budget), spec, budget);
                case 'd', 'i', 'u' -> {
                    if (!Values.isNumber(value)) {
                        throw TemplateException.value("%" + type + " format: a real number is required, not "
                                + Values.type(value));
                    }
                    Object whole = value instanceof Double number2 ? truncated(number2) : value;
                    yield number(whole, with(spec, 'd'), budget);
                }
                case 'x', 'X', 'o', 'f', 'F', 'e', 'E', 'g', 'G' -> {
                    if (!Values.isNumber(value) || "xXo".indexOf(type) >= 0 && value instanceof Double) {
                        throw TemplateException.value("%" + type + " format: a number is required, not "
                                + Values.type(value));
                    }
                    yield number(value, spec, budget);
                }
                case 'c' -> text(Values.isText(value) ? Values.text(value)
                        : Character.toString(Values.integer(value, "%c")), spec, budget);
                default -> throw TemplateException.value("unsupported format character '" + type + "' (0x"
                        + Integer.toHexString(type) + ") at index " + (at - 1));
            });
            budget.characters(out.length());
        }
        if (used < several.size() && !(values instanceof Map) && (values instanceof Values.Tuple
                || !(values instanceof List))) {
            throw TemplateException.value("not all arguments converted during string formatting");
        }
        return out.toString();
    }

    /// `template.format(…)`.
    static Object format(String template, Arguments arguments, Budget budget) {
        StringBuilder out = new StringBuilder();
        int automatic = 0;
        int at = 0;
        while (at < template.length()) {
            char c = template.charAt(at);
            if (c != '{' && c != '}') {
                out.append(c);
                at++;
                continue;
            }
            if (at + 1 < template.length() && template.charAt(at + 1) == c) {
                out.append(c);
                at += 2;
                continue;
            }
            int end = c == '{' ? template.indexOf('}', at) : -1;
            if (end < 0) {
                throw TemplateException.value("Single '" + c + "' encountered in format string");
            }
            String field = template.substring(at + 1, end);
            if (field.indexOf('{') >= 0) {
                throw TemplateException.value("nested fields in a format string are not supported");
            }
            at = end + 1;
            int colon = field.indexOf(':');
            String spec = colon < 0 ? "" : field.substring(colon + 1);
            String path = colon < 0 ? field : field.substring(0, colon);
            char conversion = 0;
            int bang = path.indexOf('!');
            if (bang >= 0 && bang == path.length() - 2) {
                conversion = path.charAt(bang + 1);
                path = path.substring(0, bang);
            }
            int nameEnd = 0;
            while (nameEnd < path.length() && path.charAt(nameEnd) != '.' && path.charAt(nameEnd) != '[') {
                nameEnd++;
            }
            String name = path.substring(0, nameEnd);
            Object value = field(name.isEmpty() ? String.valueOf(automatic++) : name, arguments);
            value = follow(value, path.substring(nameEnd), budget);
            value = switch (conversion) {
                case 0 -> value;
                case 's' -> PythonText.str(value, budget);
                case 'r', 'a' -> PythonText.repr(value, budget);
                default -> throw TemplateException.value("Unknown conversion specifier '" + conversion + "'");
            };
            out.append(write(value, parse(spec, value), budget));
            budget.characters(out.length());
        }
        return out.toString();
    }

    private static Object field(String name, Arguments arguments) {
        if (name.chars().allMatch(c -> c >= '0' && c <= '9')) {
            int index = name.length() > 6 ? Integer.MAX_VALUE : Integer.parseInt(name);
            if (index >= arguments.positional().size()) {
                throw TemplateException.value("Replacement index " + name
                        + " out of range for positional args tuple");
            }
            return arguments.positional().get(index);
        }
        Object value = arguments.named().get(name);
        if (value == null) {
            throw TemplateException.value("'" + name + "'");
        }
        return value;
    }

    private static Object follow(Object start, String path, Budget budget) {
        Object value = start;
        int at = 0;
        while (at < path.length()) {
            if (path.charAt(at) == '[') {
                int end = path.indexOf(']', at);
                if (end < 0) {
                    throw TemplateException.value("Missing ']' in format string");
                }
                String key = path.substring(at + 1, end);
                boolean index = !key.isEmpty() && key.length() < 10 && key.chars().allMatch(c -> c >= '0' && c <= '9');
                value = Attributes.item(value, index ? Long.valueOf(key) : key, budget);
                at = end + 1;
            } else {
                int end = at + 1;
                while (end < path.length() && path.charAt(end) != '.' && path.charAt(end) != '[') {
                    end++;
                }
                value = Attributes.attribute(value, path.substring(at + 1, end), budget);
                at = end;
            }
        }
        return value;
    }

    private static Spec parse(String text, Object value) {
        int at = 0;
        String fill = " ";
        char align = 0;
        int first = text.isEmpty() ? 0 : Character.charCount(text.codePointAt(0));
        if (text.length() > first && "<>=^".indexOf(text.charAt(first)) >= 0 && first > 0) {
            fill = text.substring(0, first);
            align = text.charAt(first);
            at = first + 1;
        } else if (!text.isEmpty() && "<>=^".indexOf(text.charAt(0)) >= 0) {
            align = text.charAt(0);
            at = 1;
        }
        char sign = '-';
        if (at < text.length() && "+- ".indexOf(text.charAt(at)) >= 0) {
            sign = text.charAt(at++);
        }
        boolean alternate = at < text.length() && text.charAt(at) == '#';
        at += alternate ? 1 : 0;
        if (at < text.length() && text.charAt(at) == '0') {
            at++;
            if (align == 0) {
                fill = "0";
                align = Values.isText(value) ? '<' : '=';
            }
        }
        int[] number = number(text, at);
        int width = Math.max(0, number[0]);
        at = number[1];
        boolean commas = at < text.length() && text.charAt(at) == ',';
        at += commas ? 1 : 0;
        int precision = -1;
        if (at < text.length() && text.charAt(at) == '.') {
            number = number(text, at + 1);
            precision = number[0];
            at = number[1];
            if (precision < 0) {
                throw TemplateException.value("Format specifier missing precision");
            }
        }
        char type = at < text.length() ? text.charAt(at++) : 0;
        if (at < text.length()) {
            throw TemplateException.value("Invalid format specifier");
        }
        return new Spec(fill, align, sign, alternate, width, commas, precision, type);
    }

    private static String write(Object value, Spec spec, Budget budget) {
        if (value instanceof Boolean flag && spec.type == 0 || !Values.isNumber(value)) {
            boolean plain = spec.equals(new Spec(" ", (char) 0, '-', false, 0, false, -1, (char) 0));
            if (!Values.isText(value) && !(value instanceof Boolean) && !plain) {
                throw TemplateException.value("unsupported format string passed to " + Values.type(value)
                        + ".__format__");
            }
            if (spec.type != 0 && spec.type != 's') {
                throw TemplateException.value("Unknown format code '" + spec.type + "' for object of type '"
                        + Values.type(value) + "'");
            }
            return text(PythonText.str(value, budget), spec, budget);
        }
        return number(value, spec, budget);
    }

    private static String text(String text, Spec spec, Budget budget) {
        String cut = spec.precision >= 0 ? text.substring(0, PythonText.place(text, spec.precision)) : text;
        return pad("", cut, spec, '<', budget);
    }

    private static String number(Object value, Spec spec, Budget budget) {
        if (spec.precision > MAX_PRECISION) {
            throw new TemplateException(TemplateException.Kind.LIMIT, "a precision of " + spec.precision
                    + ", at most " + MAX_PRECISION + " is allowed", 0);
        }
        boolean whole = !(value instanceof Double);
        char type = spec.type != 0 ? spec.type : whole ? 'd' : 'r';
        if (!whole && "dxXobc".indexOf(type) >= 0) {
            throw TemplateException.value("Unknown format code '" + type + "' for object of type 'float'");
        }
        boolean negative = Arithmetic.compare(value, 0L) < 0;
        String digits = switch (type) {
            case 'd' -> Arithmetic.whole(value).abs().toString();
            case 'x' -> (spec.alternate ? "0x" : "") + Arithmetic.whole(value).abs().toString(16);
            case 'X' -> (spec.alternate ? "0X" : "") + Arithmetic.whole(value).abs().toString(16)
                    .toUpperCase(Locale.ROOT);
            case 'o' -> (spec.alternate ? "0o" : "") + Arithmetic.whole(value).abs().toString(8);
            case 'b' -> (spec.alternate ? "0b" : "") + Arithmetic.whole(value).abs().toString(2);
            case 'f', 'F', 'e', 'E', 'g', 'G', '%' -> floating(Math.abs(Arithmetic.decimal(value)), type,
                    spec.precision < 0 ? 6 : spec.precision);
            case 'r' -> spec.precision < 0 ? PythonText.number(Math.abs(Arithmetic.decimal(value)))
                    : floating(Math.abs(Arithmetic.decimal(value)), 'g', spec.precision);
            default -> throw TemplateException.value("Unknown format code '" + type + "' for object of type '"
                    + Values.type(value) + "'");
        };
        if (spec.commas) {
            int point = digits.indexOf('.') < 0 ? digits.length() : digits.indexOf('.');
            StringBuilder grouped = new StringBuilder(digits);
            for (int i = point - 3; i > 0; i -= 3) {
                grouped.insert(i, ',');
            }
            digits = grouped.toString();
        }
        return pad(negative ? "-" : spec.sign == '-' ? "" : String.valueOf(spec.sign), digits, spec, '>', budget);
    }

    private static String floating(double value, char type, int precision) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            String word = Double.isNaN(value) ? "nan" : "inf";
            return Character.isUpperCase(type) ? word.toUpperCase(Locale.ROOT) : type == '%' ? word + "%" : word;
        }
        BigDecimal exact = new BigDecimal(value);
        return switch (type) {
            case 'f', 'F' -> exact.setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
            case '%' -> new BigDecimal(value * 100).setScale(precision, RoundingMode.HALF_EVEN).toPlainString() + "%";
            case 'e', 'E' -> scientific(exact, precision, type);
            default -> {
                int digits = Math.max(1, precision);
                BigDecimal rounded = exact.signum() == 0 ? exact
                        : exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
                int exponent = rounded.signum() == 0 ? 0 : rounded.precision() - rounded.scale() - 1;
                if (exponent < -4 || exponent >= digits) {
                    String text = scientific(rounded.stripTrailingZeros(),
                            Math.max(0, rounded.stripTrailingZeros().precision() - 1), type == 'G' ? 'E' : 'e');
                    yield text;
                }
                BigDecimal plain = rounded.signum() == 0 ? BigDecimal.ZERO : rounded.stripTrailingZeros();
                yield plain.scale() < 0 ? plain.setScale(0).toPlainString() : plain.toPlainString();
            }
        };
    }

    private static String scientific(BigDecimal value, int precision, char letter) {
        BigDecimal rounded = value.signum() == 0 ? value
                : value.round(new MathContext(precision + 1, RoundingMode.HALF_EVEN));
        int exponent = rounded.signum() == 0 ? 0 : rounded.precision() - rounded.scale() - 1;
        String mantissa = rounded.signum() == 0 ? BigDecimal.ZERO.setScale(precision).toPlainString()
                : rounded.movePointLeft(exponent).setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
        return mantissa + letter + (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "")
                + Math.abs(exponent);
    }

    private static String pad(String sign, String text, Spec spec, char natural, Budget budget) {
        int missing = budget.characters(Math.max(0,
                (long) spec.width - PythonText.length(text) - sign.length()));
        char align = spec.align == 0 ? natural : spec.align;
        return switch (align) {
            case '<' -> sign + text + spec.fill.repeat(missing);
            case '^' -> spec.fill.repeat(missing / 2) + sign + text + spec.fill.repeat(missing - missing / 2);
            case '=' -> sign + spec.fill.repeat(missing) + text;
            default -> spec.fill.repeat(missing) + sign + text;
        };
    }

    private static Object truncated(double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            throw TemplateException.value("cannot convert float " + PythonText.number(value) + " to integer");
        }
        return Arithmetic.narrow(new BigDecimal(value).toBigInteger());
    }

    private static Spec with(Spec spec, char type) {
        return new Spec(spec.fill, spec.align, spec.sign, spec.alternate, spec.width, spec.commas, -1, type);
    }

    /// The digits at `at` as a number, -1 if there are none, and the place after them.
    private static int[] number(String text, int at) {
        int end = at;
        long value = 0;
        while (end < text.length() && text.charAt(end) >= '0' && text.charAt(end) <= '9') {
            value = Math.min(value * 10 + text.charAt(end) - '0', BigInteger.TWO.pow(30).longValue());
            end++;
        }
        return new int[] {end == at ? -1 : (int) value, end};
    }
}
