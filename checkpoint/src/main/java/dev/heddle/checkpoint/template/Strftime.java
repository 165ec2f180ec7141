package dev.heddle.checkpoint.template;

import java.time.Clock;
import java.time.ZonedDateTime;
import java.time.format.TextStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import java.util.Locale;

/// The time of day as C's `strftime` writes it in the "C" locale, with GNU's flags `-`, `_` and `0` for padding.
final class Strftime {
    private Strftime() {
    }

    static String format(String format, Clock clock) {
        ZonedDateTime now = ZonedDateTime.now(clock);
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                out.append(c);
                continue;
            }
            int start = i;
            char flag = 0;
            if ("-_0".indexOf(format.charAt(i + 1)) >= 0 && i + 2 < format.length()) {
                flag = format.charAt(++i);
            }
            char letter = format.charAt(++i);
            int before = out.length();
            if (!directive(letter, flag, now, out, clock)) {
                out.setLength(before);
                out.append(format, start, i + 1);
            }
        }
        return out.toString();
    }

    private static boolean directive(char letter, char flag, ZonedDateTime now, StringBuilder out, Clock clock) {
        switch (letter) {
            case 'Y' -> out.append(now.getYear());
            case 'y' -> pad(now.getYear() % 100, 2, '0', flag, out);
            case 'C' -> pad(now.getYear() / 100, 2, '0', flag, out);
            case 'm' -> pad(now.getMonthValue(), 2, '0', flag, out);
            case 'd' -> pad(now.getDayOfMonth(), 2, '0', flag, out);
            case 'e' -> pad(now.getDayOfMonth(), 2, ' ', flag, out);
            case 'j' -> pad(now.getDayOfYear(), 3, '0', flag, out);
            case 'H' -> pad(now.getHour(), 2, '0', flag, out);
            case 'k' -> pad(now.getHour(), 2, ' ', flag, out);
            case 'I' -> pad((now.getHour() + 11) % 12 + 1, 2, '0', flag, out);
            case 'l' -> pad((now.getHour() + 11) % 12 + 1, 2, ' ', flag, out);
            case 'M' -> pad(now.getMinute(), 2, '0', flag, out);
            case 'S' -> pad(now.getSecond(), 2, '0', flag, out);
            case 'f' -> pad(now.getNano() / 1000, 6, '0', flag, out);
            case 'p' -> out.append(now.getHour() < 12 ? "AM" : "PM");
            case 'P' -> out.append(now.getHour() < 12 ? "am" : "pm");
            case 'b', 'h' -> out.append(now.getMonth().getDisplayName(TextStyle.SHORT, Locale.ENGLISH));
            case 'B' -> out.append(now.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH));
            case 'a' -> out.append(now.getDayOfWeek().getDisplayName(TextStyle.SHORT, Locale.ENGLISH));
            case 'A' -> out.append(now.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH));
            case 'u' -> out.append(now.getDayOfWeek().getValue());
            case 'w' -> out.append(now.getDayOfWeek().getValue() % 7);
            case 'U' -> pad((now.getDayOfYear() + 6 - now.getDayOfWeek().getValue() % 7) / 7, 2, '0', flag, out);
            case 'W' -> pad((now.getDayOfYear() + 7 - now.getDayOfWeek().getValue()) / 7, 2, '0', flag, out);
            case 'V' -> pad(now.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR), 2, '0', flag, out);
            case 'G' -> out.append(now.get(IsoFields.WEEK_BASED_YEAR));
            case 's' -> out.append(now.getLong(ChronoField.INSTANT_SECONDS));
            case 'D', 'x' -> out.append(format("%m/%d/%y", clock));
            case 'F' -> out.append(format("%Y-%m-%d", clock));
            case 'T', 'X' -> out.append(format("%H:%M:%S", clock));
            case 'R' -> out.append(format("%H:%M", clock));
            case 'r' -> out.append(format("%I:%M:%S %p", clock));
            case 'c' -> out.append(format("%a %b %e %H:%M:%S %Y", clock));
            case 'n' -> out.append('\n');
            case 't' -> out.append('\t');
            case '%' -> out.append('%');
            // Python's naive local time has no zone
            case 'z', 'Z' -> { }
            default -> {
                return false;
            }
        }
        return true;
    }

    private static void pad(int value, int width, char natural, char flag, StringBuilder out) {
        String digits = String.valueOf(value);
        char fill = flag == '_' ? ' ' : flag == '0' ? '0' : natural;
        if (flag != '-') {
            out.repeat(fill, Math.max(0, width - digits.length()));
        }
        out.append(digits);
    }
}
