package dev.heddle.train.recall;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.train.data.Stretch;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecallTaskTest {
    private static final int V = 8192;

    @ParameterizedTest
    @CsvSource({"8192, 128, 8, 0.01, true", "8192, 64, 16, 0.01, true", "300, 256, 64, 0.5, false", "10, 4, 1, 1, true"})
    void everyQueryAsksForTheValueThatFollowedItsKey(int vocabulary, int length, int pairs, double power, boolean noise) {
        RecallTask task = new RecallTask(vocabulary, length, pairs, power, noise);
        SplittableRandom random = new SplittableRandom(5);
        for (int n = 0; n < 200; n++) {
            Stretch sequence = task.sequence(3, random);
            assertEquals(length, sequence.inputs().length);
            assertEquals(3, sequence.lane());
            assertEquals(pairs, sequence.predictions());
            Map<Integer, Integer> values = new HashMap<>();
            for (int i = 0; i < pairs; i++) {
                int key = sequence.inputs()[2 * i];
                int value = sequence.inputs()[2 * i + 1];
                assertTrue(key >= 1 && key < vocabulary / 2, () -> "key " + key);
                assertTrue(value >= vocabulary / 2 && value < vocabulary, () -> "value " + value);
                values.put(key, value);
            }
            assertEquals(pairs, values.size());
            assertEquals(pairs, new HashSet<>(values.values()).size());
            Set<Integer> asked = new HashSet<>();
            for (int t = 0; t < length; t++) {
                int target = sequence.targets()[t];
                if (target != Stretch.NONE) {
                    assertTrue(t >= 2 * pairs && t % 2 == 0);
                    assertEquals(values.get(sequence.inputs()[t]), target);
                    assertTrue(asked.add(sequence.inputs()[t]));
                } else if (t >= 2 * pairs && !noise) {
                    assertEquals(0, sequence.inputs()[t]);
                }
            }
        }
    }

    /// With one pair the place of its query is one draw from p(g) ∝ (g + 1)^(a − 1).
    @ParameterizedTest
    @ValueSource(doubles = {0.01, 0.5, 1})
    void gapsFollowThePowerLaw(double power) {
        int length = 66;
        int places = 32;
        int draws = 40_000;
        RecallTask task = new RecallTask(V, length, 1, power, true);
        SplittableRandom random = new SplittableRandom(11);
        long[] counts = new long[places];
        for (int n = 0; n < draws; n++) {
            counts[gap(task.sequence(0, random))]++;
        }
        double sum = 0;
        for (int g = 0; g < places; g++) {
            sum += Math.pow(g + 1, power - 1);
        }
        double chiSquared = 0;
        for (int g = 0; g < places; g++) {
            double expected = draws * Math.pow(g + 1, power - 1) / sum;
            chiSquared += (counts[g] - expected) * (counts[g] - expected) / expected;
        }
        // χ² of 31 degrees of freedom exceeds 61 once in a thousand times
        double found = chiSquared;
        assertTrue(found < 61.1, () -> "χ² = " + found);
    }

    private static int gap(Stretch sequence) {
        for (int t = 2; t < sequence.targets().length; t++) {
            if (sequence.targets()[t] != Stretch.NONE) {
                return (t - 2) / 2;
            }
        }
        throw new AssertionError("no query");
    }

    @Test
    void keysAndValuesAreUniform() {
        RecallTask task = new RecallTask(34, 16, 4, 1, false);
        SplittableRandom random = new SplittableRandom(2);
        int[] counts = new int[34];
        int sequences = 20_000;
        for (int n = 0; n < sequences; n++) {
            int[] inputs = task.sequence(0, random).inputs();
            for (int t = 0; t < 8; t++) {
                counts[inputs[t]]++;
            }
        }
        assertEquals(0, counts[0]);
        for (int token = 1; token < 34; token++) {
            double expected = sequences * 4.0 / (token < 17 ? 16 : 17);
            assertEquals(expected, counts[token], 5 * Math.sqrt(expected));
        }
    }

    @Test
    void theSameSeedGivesTheSameSequencesAndAnEpochSeesEachOnce() {
        List<RecallTask> tasks = List.of(new RecallTask(V, 32, 2, 0.01, true), new RecallTask(V, 32, 8, 0.01, true));
        RecallSource source = new RecallSource(tasks, 4, 12, 9);
        Set<List<Integer>> seen = new HashSet<>();
        Map<Integer, Integer> byPairs = new HashMap<>();
        for (int step = 0; step < 3; step++) {
            for (Stretch sequence : source.next(32)) {
                seen.add(Arrays.stream(sequence.inputs()).boxed().toList());
                byPairs.merge(sequence.predictions(), 1, Integer::sum);
            }
        }
        assertEquals(12, seen.size());
        assertEquals(Map.of(2, 6, 8, 6), byPairs);

        RecallSource resumed = new RecallSource(tasks, 4, 12, 9);
        resumed.restore(source.state());
        List<Stretch> next = source.next(32);
        List<Stretch> again = resumed.next(32);
        for (int i = 0; i < 4; i++) {
            assertArrayEquals(next.get(i).inputs(), again.get(i).inputs());
            assertTrue(seen.contains(Arrays.stream(next.get(i).inputs()).boxed().toList()));
        }
        assertThrows(IllegalArgumentException.class, () -> source.next(16));
    }

    @ParameterizedTest
    @CsvSource({"8192, 63, 4, 0.01", "8192, 64, 17, 0.01", "8192, 64, 0, 0.01", "64, 64, 4, 0.01", "8192, 64, 4, 0", "8192, 64, 4, NaN"})
    void tasksThatCannotBeAreRefused(int vocabulary, int length, int pairs, double power) {
        assertThrows(IllegalArgumentException.class, () -> new RecallTask(vocabulary, length, pairs, power, true));
    }
}
