package dev.heddle.checkpoint.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/// Python's operators on numbers, texts and lists.
final class Arithmetic {
    /// Bits of the largest whole number that powers and products may give.
    private static final int MAX_BITS = 16_384;

    private Arithmetic() {
    }

    /// A [Long] if the number fits one, else the number itself.
    static Object narrow(BigInteger number) {
        return number.bitLength() < Long.SIZE ? (Object) number.longValue() : number;
    }

    static Object unary(char operator, Object value) {
        if (value instanceof Values.Undefined undefined) {
            throw undefined.error();
        }
        if (!Values.isNumber(value)) {
            throw TemplateException.value("bad operand type for unary " + operator + ": '" + Values.type(value) + "'");
        }
        if (value instanceof Double number) {
            return operator == '-' ? -number : number;
        }
        return operator == '-' ? narrow(whole(value).negate()) : narrow(whole(value));
    }

    static Object binary(String operator, Object left, Object right, Budget budget) {
        if (left instanceof Values.Undefined undefined) {
            throw undefined.error();
        }
        // text % values formats, and an undefined value among them is empty text
        if (right instanceof Values.Undefined undefined && !(operator.equals("%") && Values.isText(left))) {
            throw undefined.error();
        }
        if (Values.isNumber(left) && Values.isNumber(right)) {
            return left instanceof Double || right instanceof Double || operator.equals("/")
                    ? floating(operator, decimal(left), decimal(right)) : whole(operator, left, right);
        }
        return switch (operator) {
            case "+" -> add(left, right, budget);
            case "*" -> {
                if (isRepeatable(left) && isCount(right)) {
                    yield repeat(left, right, budget);
                }
                if (isRepeatable(right) && isCount(left)) {
                    yield repeat(right, left, budget);
                }
                if (isRepeatable(left) || isRepeatable(right)) {
                    throw TemplateException.value("can't multiply sequence by non-int of type '"
                            + Values.type(isRepeatable(left) ? right : left) + "'");
                }
                throw unsupported(operator, left, right);
            }
            case "%" -> {
                if (Values.isText(left)) {
                    String text = Formatting.percent(Values.text(left), right, budget);
                    yield left instanceof Values.Markup ? new Values.Markup(text) : text;
                }
                throw unsupported(operator, left, right);
            }
            default -> throw unsupported(operator, left, right);
        };
    }

    private static Object add(Object left, Object right, Budget budget) {
        if (Values.isText(left) && Values.isText(right)) {
            String a = Values.text(left);
            String b = Values.text(right);
            budget.characters((long) a.length() + b.length());
            if (left instanceof String && right instanceof String) {
                return a.concat(b);
            }
            a = left instanceof Values.Markup ? a : Values.Markup.escape(a);
            b = right instanceof Values.Markup ? b : Values.Markup.escape(b);
            return new Values.Markup(a.concat(b));
        }
        if (left instanceof List<?> a && right instanceof List<?> b && Values.type(left).equals(Values.type(right))
                && !(left instanceof Values.Range)) {
            List<Object> sum = new ArrayList<>(budget.items((long) a.size() + b.size()));
            sum.addAll(a);
            sum.addAll(b);
            return left instanceof Values.Tuple ? new Values.Tuple(sum) : sum;
        }
        if (left instanceof String || left instanceof List<?> && !(left instanceof Values.Range)) {
            String type = Values.type(left);
            throw TemplateException.value("can only concatenate " + type + " (not \"" + Values.type(right) + "\") to "
                    + type);
        }
        throw unsupported("+", left, right);
    }

    private static boolean isRepeatable(Object value) {
        return Values.isText(value) || value instanceof List<?> && !(value instanceof Values.Range);
    }

    private static boolean isCount(Object value) {
        return Values.isNumber(value) && !(value instanceof Double);
    }

    private static Object repeat(Object value, Object times, Budget budget) {
        int count = Math.max(0, Values.integer(times, "*"));
        if (Values.isText(value)) {
            String text = Values.text(value);
            budget.characters((long) text.length() * count);
            return value instanceof Values.Markup ? new Values.Markup(text.repeat(count)) : text.repeat(count);
        }
        List<?> list = (List<?>) value;
        List<Object> repeated = new ArrayList<>(budget.items((long) list.size() * count));
        for (int i = 0; i < count && !list.isEmpty(); i++) {
            repeated.addAll(list);
        }
        return value instanceof Values.Tuple ? new Values.Tuple(repeated) : repeated;
    }

    private static Object floating(String operator, double left, double right) {
        return switch (operator) {
            case "+" -> left + right;
            case "-" -> left - right;
            case "*" -> left * right;
            case "/" -> left / nonZero(right, "division by zero");
            case "//" -> Math.floor(left / nonZero(right, "float floor division by zero"));
            case "%" -> {
                double rest = left % nonZero(right, "float modulo");
                yield rest != 0 && rest < 0 != right < 0 ? rest + right : rest;
            }
            case "**" -> Math.pow(left, right);
            default -> throw new IllegalStateException(operator);
        };
    }

    private static double nonZero(double value, String message) {
        if (value == 0) {
            throw TemplateException.value(message);
        }
        return value;
    }

    private static Object whole(String operator, Object leftValue, Object rightValue) {
        BigInteger left = whole(leftValue);
        BigInteger right = whole(rightValue);
        return switch (operator) {
            case "+" -> limited(left.add(right));
            case "-" -> limited(left.subtract(right));
            case "*" -> limited(left.multiply(right));
            case "//", "%" -> {
                if (right.signum() == 0) {
                    throw TemplateException.value("integer division or modulo by zero");
                }
                BigInteger[] parts = left.divideAndRemainder(right);
                boolean down = parts[1].signum() != 0 && parts[1].signum() != right.signum();
                yield narrow(operator.equals("%") ? down ? parts[1].add(right) : parts[1]
                        : down ? parts[0].subtract(BigInteger.ONE) : parts[0]);
            }
            case "**" -> {
                if (right.signum() < 0) {
                    yield Math.pow(nonZero(left.doubleValue(), "0.0 cannot be raised to a negative power"),
                            right.doubleValue());
                }
                if (left.bitLength() > 1 && right.bitLength() > 31
                        || (long) left.bitLength() * right.intValue() > MAX_BITS) {
                    throw tooLarge();
                }
                // 0, 1 and -1 to any power
                yield left.bitLength() <= 1 && right.bitLength() > 31
                        ? narrow(left.pow(right.testBit(0) ? 1 : 2)) : limited(left.pow(right.intValue()));
            }
            default -> throw new IllegalStateException(operator);
        };
    }

    private static Object limited(BigInteger number) {
        if (number.bitLength() > MAX_BITS) {
            throw tooLarge();
        }
        return narrow(number);
    }

    private static TemplateException tooLarge() {
        return new TemplateException(TemplateException.Kind.LIMIT, "a number of more than " + MAX_BITS + " bits", 0);
    }

    static BigInteger whole(Object number) {
        return switch (number) {
            case Boolean flag -> flag ? BigInteger.ONE : BigInteger.ZERO;
            case Long value -> BigInteger.valueOf(value);
            case BigInteger value -> value;
            default -> throw new IllegalStateException(Values.type(number));
        };
    }

    static double decimal(Object number) {
        return number instanceof Double value ? value : whole(number).doubleValue();
    }

    /// The order of two numbers, exact also between whole numbers and floats; NaN is unequal to and above all.
    static int compare(Object left, Object right) {
        if (left instanceof Long a && right instanceof Long b) {
            return Long.compare(a, b);
        }
        if (left instanceof Double a && (a.isNaN() || a.isInfinite())
                || right instanceof Double b && (b.isNaN() || b.isInfinite())) {
            double a = decimal(left);
            double b = decimal(right);
            return a == b ? 0 : a < b ? -1 : 1;
        }
        return exact(left).compareTo(exact(right));
    }

    private static BigDecimal exact(Object number) {
        return number instanceof Double value ? new BigDecimal(value) : new BigDecimal(whole(number));
    }

    private static TemplateException unsupported(String operator, Object left, Object right) {
        String shown = operator.equals("**") ? "** or pow()" : operator;
        return TemplateException.value("unsupported operand type(s) for " + shown + ": '" + Values.type(left)
                + "' and '" + Values.type(right) + "'");
    }
}
