package dev.heddle.checkpoint.weights;

import dev.heddle.checkpoint.CheckpointException;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/// The error for a tensor that is not there, with the names that come closest.
final class NearestNames {
    private static final int SHOWN = 3;
    private static final int COMPARED = 20_000;
    private static final int LONGEST = 256;

    private NearestNames() {
    }

    static CheckpointException missing(String describe, String name, Set<String> names) {
        List<String> nearest = names.stream().limit(COMPARED).filter(other -> other.length() <= LONGEST)
                .sorted(Comparator.comparingInt(other -> distance(shorten(name), other))).limit(SHOWN).toList();
        return new CheckpointException(describe + ": no tensor " + name + " among its " + names.size()
                + (nearest.isEmpty() ? "" : "; the nearest names are " + String.join(", ", nearest)));
    }

    private static String shorten(String name) {
        return name.length() <= LONGEST ? name : name.substring(0, LONGEST);
    }

    /// Levenshtein distance.
    private static int distance(String a, String b) {
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
