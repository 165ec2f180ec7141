package dev.heddle.engine.grammar;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Numbers between two bounds, either of which may be missing.
final class NumberRange {
    private final Grammar grammar;
    private final JsonText json;

    NumberRange(Grammar grammar, JsonText json) {
        this.grammar = grammar;
        this.json = json;
    }

    /// Whole numbers from `low` to `high`, both included.
    Language whole(Optional<BigInteger> low, Optional<BigInteger> high) {
        if (low.isEmpty() && high.isEmpty()) {
            return json.whole;
        }
        List<Language> parts = new ArrayList<>();
        if (high.isEmpty() || high.get().signum() >= 0) {
            parts.add(natural(low.filter(l -> l.signum() > 0).orElse(BigInteger.ZERO), high));
        }
        if (low.isEmpty() || low.get().signum() < 0) {
            BigInteger smallest = high.filter(h -> h.signum() < 0).map(BigInteger::negate).orElse(BigInteger.ONE);
            parts.add(grammar.sequence(json.byteOf('-'), natural(smallest, low.map(BigInteger::negate))));
        }
        return grammar.choice(parts);
    }

    /// Numbers from `low` to `high`: whole ones, and those whose whole part leaves room for any fraction, or for any but 0.
    ///
    /// @param above whether `low` itself is left out
    /// @param below whether `high` itself is left out
    Language any(Optional<BigDecimal> low, boolean above, Optional<BigDecimal> high, boolean below) {
        if (low.isEmpty() && high.isEmpty()) {
            return json.number;
        }
        List<Language> parts = new ArrayList<>();
        parts.add(whole(low.map(l -> above ? down(l).add(BigInteger.ONE) : up(l)),
                high.map(h -> below ? up(h).subtract(BigInteger.ONE) : down(h))));
        // n.f with n ≥ 0 lies in [n, n+1)
        Optional<BigInteger> top = high.map(h -> down(h).subtract(BigInteger.ONE));
        parts.add(fractions(low.map(NumberRange::up), above && low.filter(NumberRange::isWhole).isPresent(), top));
        // −n.f lies in (−n−1, −n]
        Optional<BigInteger> bottom = low.map(l -> down(l.negate()).subtract(BigInteger.ONE));
        parts.add(grammar.sequence(json.byteOf('-'), fractions(high.map(h -> up(h.negate())),
                below && high.filter(NumberRange::isWhole).isPresent(), bottom)));
        return grammar.choice(parts);
    }

    /// n.f for n ≥ 0 from `from` to `to`.
    ///
    /// @param more whether the number must be more than `from`
    private Language fractions(Optional<BigInteger> from, boolean more, Optional<BigInteger> to) {
        BigInteger least = from.filter(f -> f.signum() > 0).orElse(BigInteger.ZERO);
        if (to.isPresent() && to.get().compareTo(least) < 0) {
            return grammar.nothing();
        }
        if (!more || !from.equals(Optional.of(least))) {
            return grammar.sequence(natural(least, to), json.fraction());
        }
        Language touching = grammar.sequence(natural(least, from), json.positiveFraction());
        BigInteger next = least.add(BigInteger.ONE);
        return to.isPresent() && to.get().compareTo(next) < 0 ? touching
                : grammar.choice(touching, grammar.sequence(natural(next, to), json.fraction()));
    }

    private static boolean isWhole(BigDecimal bound) {
        return bound.stripTrailingZeros().scale() <= 0;
    }

    private static BigInteger up(BigDecimal bound) {
        return bound.setScale(0, RoundingMode.CEILING).toBigInteger();
    }

    private static BigInteger down(BigDecimal bound) {
        return bound.setScale(0, RoundingMode.FLOOR).toBigInteger();
    }

    /// Numbers of decimal digits from `low` ≥ 0 on.
    private Language natural(BigInteger low, Optional<BigInteger> high) {
        String from = low.toString();
        int longest = high.map(h -> h.toString().length()).orElse(Math.max(from.length(), JsonText.DIGITS) + 1);
        List<Language> parts = new ArrayList<>();
        for (int length = from.length(); length <= longest; length++) {
            String first = length == from.length() ? from : "1" + "0".repeat(length - 1);
            String last = high.isPresent() && length == longest ? high.get().toString() : "9".repeat(length);
            if (first.compareTo(last) <= 0) {
                parts.add(between(first, last));
            }
        }
        return grammar.choice(parts);
    }

    /// Digits from `low` to `high`, which have the same length and are in order.
    private Language between(String low, String high) {
        if (low.isEmpty()) {
            return grammar.empty();
        }
        int rest = low.length() - 1;
        char first = low.charAt(0);
        char last = high.charAt(0);
        if (first == last) {
            return grammar.sequence(json.byteOf(first), between(low.substring(1), high.substring(1)));
        }
        List<Language> parts = new ArrayList<>();
        parts.add(grammar.sequence(json.byteOf(first), between(low.substring(1), "9".repeat(rest))));
        if (first + 1 < last) {
            parts.add(grammar.sequence(grammar.bytes(ByteSet.range(first + 1, last - 1)), json.digits(rest)));
        }
        parts.add(grammar.sequence(json.byteOf(last), between("0".repeat(rest), high.substring(1))));
        return grammar.choice(parts);
    }
}
