package dev.heddle.checkpoint.zoo;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// How many parameters a model's makers say it has: to the last one, or rounded (`8B`, `0.19B`, `31.8M`).
///
/// @param parameters the number
/// @param rounding   half a unit of its last digit; 0 if it is exact
public record PublishedSize(long parameters, long rounding) {
    private static final Pattern ROUNDED = Pattern.compile("(\\d{1,6})(?:\\.(\\d{1,3}))?([KMBT])");

    /// The size in `text`: a whole number, or one with a unit.
    /// @throws IllegalArgumentException if it is neither
    public static PublishedSize parse(String text) {
        if (text.matches("\\d{1,18}")) {
            return new PublishedSize(Long.parseLong(text), 0);
        }
        Matcher match = ROUNDED.matcher(text.toUpperCase(Locale.ROOT));
        if (!match.matches()) {
            throw new IllegalArgumentException("\"" + text + "\" is no number of parameters such as 8B or 130M");
        }
        BigDecimal unit = switch (match.group(3)) {
            case "K" -> BigDecimal.valueOf(1_000);
            case "M" -> BigDecimal.valueOf(1_000_000);
            case "B" -> BigDecimal.valueOf(1_000_000_000);
            default -> BigDecimal.valueOf(1_000_000_000_000L);
        };
        int decimals = match.group(2) == null ? 0 : match.group(2).length();
        BigDecimal value = new BigDecimal(match.group(1) + (decimals == 0 ? "" : "." + match.group(2)));
        return new PublishedSize(value.multiply(unit).longValueExact(), unit.scaleByPowerOfTen(-decimals).longValue() / 2);
    }

    /// Whether a count is this size when it is rounded to as many digits, or when the others are cut off: makers do both.
    public boolean agrees(long count) {
        return rounding == 0 ? count == parameters : count >= parameters - rounding && count < parameters + 2 * rounding;
    }
}
