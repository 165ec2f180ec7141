package dev.heddle.cli;

import java.util.Locale;

/// Counts as people read them.
final class Counts {
    private static final String[] UNITS = {"", "K", "M", "B", "T"};

    private Counts() {
    }

    /// `51.57B`, `129.1M`, `768`.
    static String text(double count) {
        double value = count;
        int unit = 0;
        while (value >= 999.95 && unit < UNITS.length - 1) {
            value /= 1000;
            unit++;
        }
        return String.format(Locale.ROOT, unit == 0 ? "%.0f%s" : value < 10 ? "%.3f%s" : value < 100 ? "%.2f%s" : "%.1f%s", value, UNITS[unit]);
    }

    /// A context length: `256K` and `1M` in units of 1024, `128k` in units of 1000, `4100` where neither fits.
    static String context(long positions) {
        if (positions % (1 << 20) == 0) {
            return (positions >> 20) + "M";
        }
        return positions % 1000 == 0 ? positions / 1000 + "k" : positions % 1024 == 0 ? (positions >> 10) + "K" : Long.toString(positions);
    }
}
