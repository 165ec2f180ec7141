package dev.heddle.checkpoint.text;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/// What somebody who misspelt a name may have meant.
public final class Nearest {
    private static final int LONGEST = 256;

    private Nearest() {
    }

    /// Up to `most` of the names, those with the smallest edit distance first.
    public static List<String> of(String name, Collection<String> names, int most) {
        String shortened = name.length() <= LONGEST ? name : name.substring(0, LONGEST);
        return names.stream().filter(other -> other.length() <= LONGEST)
                .sorted(Comparator.comparingInt(other -> distance(shortened, other))).limit(most).toList();
    }

    /// `, did you mean …?` if a name is near enough that a slip explains the difference, and nothing otherwise.
    public static String hint(String name, Collection<String> names) {
        String lower = name.toLowerCase(Locale.ROOT);
        return of(lower, names, 1).stream().filter(best -> distance(lower, best) <= Math.max(1, Math.min(lower.length(), best.length()) / 3))
                .map(best -> ", did you mean " + best + "?").findFirst().orElse("");
    }

    /// Levenshtein distance.
    static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substituted, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
