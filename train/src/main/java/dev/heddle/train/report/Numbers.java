package dev.heddle.train.report;

import java.util.Locale;

/// Numbers as people read them.
final class Numbers {
    private static final String[] UNITS = {"", "K", "M", "B", "T"};

    private Numbers() {
    }

    /// At an axis: `0.5`, `1,500`, `20K`, `2.5M`, `3e-4`.
    static String tick(double value) {
        double size = Math.abs(value);
        if (size >= 10_000) {
            return count(value);
        }
        if (size >= 1000) {
            return String.format(Locale.ROOT, "%,.0f", value);
        }
        if (size < 1e-9) {
            return "0";
        }
        if (size < 1e-3) {
            int power = (int) Math.floor(Math.log10(size) + 1e-9);
            return plain(value / Math.pow(10, power), "%.2f") + "e" + power;
        }
        return plain(value, "%.4f");
    }

    /// `51.6B`, `129M`, `1.77M`, `768`.
    static String count(double value) {
        double left = value;
        int unit = 0;
        while (Math.abs(left) >= 999.5 && unit < UNITS.length - 1) {
            left /= 1000;
            unit++;
        }
        return plain(left, Math.abs(left) < 10 ? "%.2f" : Math.abs(left) < 100 ? "%.1f" : "%.0f") + UNITS[unit];
    }

    private static String plain(double value, String format) {
        String text = String.format(Locale.ROOT, format, value);
        return text.contains(".") ? text.replaceAll("\\.?0+$", "") : text;
    }

    /// A loss, `2.1834`.
    static String loss(double value) {
        return String.format(Locale.ROOT, "%.4f", value);
    }

    /// A whole number, `1,234,567`.
    static String whole(double value) {
        return String.format(Locale.ROOT, "%,.0f", value);
    }

    /// `8.87`, `4,096`: the exponential of a loss in nats.
    static String perplexity(double loss) {
        double value = Math.exp(loss);
        return String.format(Locale.ROOT, value < 100 ? "%.2f" : "%,.0f", value);
    }

    /// `42 s`, `3 min 20 s`, `5 h 12 min`.
    static String duration(double seconds) {
        long whole = Math.round(seconds);
        return whole < 60 ? String.format(Locale.ROOT, seconds < 10 ? "%.1f s" : "%.0f s", seconds)
                : whole < 3600 ? whole / 60 + " min " + whole % 60 + " s" : whole / 3600 + " h " + whole % 3600 / 60 + " min";
    }
}
