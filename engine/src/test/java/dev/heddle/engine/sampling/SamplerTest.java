package dev.heddle.engine.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplerTest {
    private static final int DRAWS = 40_000;
    private static final int[] NOTHING = {};

    private static SamplingOptions options(double temperature, int topK, double topP, double minP) {
        return new SamplingOptions(temperature, topK, topP, minP, 1, 0, 0, 64);
    }

    /// How often each token is drawn.
    private static double[] shares(SamplingOptions options, float[] logits, int... recent) {
        double[] shares = new double[logits.length];
        Sampler sampler = new Sampler(options, 11);
        for (int i = 0; i < DRAWS; i++) {
            shares[sampler.next(logits.clone(), recent)] += 1.0 / DRAWS;
        }
        return shares;
    }

    private static double[] softmax(double temperature, double... logits) {
        double[] e = Arrays.stream(logits).map(x -> Math.exp(x / temperature)).toArray();
        double sum = Arrays.stream(e).sum();
        return Arrays.stream(e).map(x -> x / sum).toArray();
    }

    /// Four standard deviations of a share are below 0.01.
    private static void assertShares(double[] expected, double[] actual) {
        assertArrayEquals(expected, actual, 0.01, () -> Arrays.toString(actual));
    }

    @Test
    void drawsInProportion() {
        float[] logits = {1, 0.5f, -1, 2};
        assertShares(softmax(1, 1, 0.5, -1, 2), shares(options(1, 0, 1, 0), logits));
        assertShares(softmax(0.5, 1, 0.5, -1, 2), shares(options(0.5, 0, 1, 0), logits));
        assertShares(softmax(3, 1, 0.5, -1, 2), shares(options(3, 0, 1, 0), logits));
    }

    @Test
    void topKKeepsTheLikeliest() {
        float[] logits = {1, 0.5f, -1, 2};
        double[] two = softmax(1, 1, 2);
        assertShares(new double[] {two[0], 0, 0, two[1]}, shares(options(1, 2, 1, 0), logits));
        assertShares(new double[] {0, 0, 0, 1}, shares(options(1, 1, 1, 0), logits));
    }

    @Test
    void topPKeepsAsManyAsReachIt() {
        float[] logits = {(float) Math.log(0.5), (float) Math.log(0.3), (float) Math.log(0.15), (float) Math.log(0.05)};
        assertShares(new double[] {0.625, 0.375, 0, 0}, shares(options(1, 0, 0.7, 0), logits));
        assertShares(new double[] {1, 0, 0, 0}, shares(options(1, 0, 0.4, 0), logits));
        assertShares(new double[] {0.5 / 0.95, 0.3 / 0.95, 0.15 / 0.95, 0}, shares(options(1, 0, 0.9, 0), logits));
    }

    @Test
    void minPIsRelativeToTheLikeliest() {
        float[] logits = {(float) Math.log(0.5), (float) Math.log(0.3), (float) Math.log(0.15), (float) Math.log(0.05)};
        assertShares(new double[] {0.625, 0.375, 0, 0}, shares(options(1, 0, 1, 0.5), logits));
        assertShares(new double[] {0.5, 0.3, 0.15, 0.05}, shares(options(1, 0, 1, 0.09), logits));
    }

    @Test
    void penaltiesLowerRecentTokens() {
        float[] logits = {2, -2, 1, 0};
        assertShares(softmax(1, 1, -4, 1, 0), shares(new SamplingOptions(1, 0, 1, 0, 2, 0, 0, -1), logits, 0, 1, 0));
        assertShares(softmax(1, 1.5, -2, 1, -0.5), shares(new SamplingOptions(1, 0, 1, 0, 1, 0.5, 0, -1), logits, 0, 3, 3));
        assertShares(softmax(1, 1.5, -2, 1, -1), shares(new SamplingOptions(1, 0, 1, 0, 1, 0, 0.5, -1), logits, 0, 3, 3));
        assertShares(softmax(1, 2, -2, 1, -1), shares(new SamplingOptions(1, 0, 1, 0, 1, 0, 0.5, 2), logits, 0, 3, 3));
        assertShares(softmax(1, 2, -2, 1, 0), shares(new SamplingOptions(1, 0, 1, 0, 2, 1, 1, 0), logits, 0, 3, 3));
    }

    @Test
    void topKEqualsSortingOverManySizes() {
        SplittableRandom random = new SplittableRandom(3);
        for (int n : new int[] {1, 2, 3, 17, 100, 1000}) {
            float[] logits = new float[n];
            for (int i = 0; i < n; i++) {
                logits[i] = random.nextInt(n); // ties
            }
            for (int k : new int[] {1, 2, 5, n}) {
                int[] order = IntStream.range(0, n).boxed().sorted((a, b) -> logits[a] != logits[b]
                        ? Float.compare(logits[b], logits[a]) : a - b).mapToInt(i -> i).toArray();
                int[] kept = Arrays.copyOf(order, Math.min(k, n));
                Sampler sampler = new Sampler(options(1e6, k, 1, 0), 5);
                boolean[] seen = new boolean[n];
                for (int i = 0; i < 40 * kept.length; i++) {
                    seen[sampler.next(logits.clone(), NOTHING)] = true;
                }
                for (int i = 0; i < n; i++) {
                    boolean among = Arrays.stream(kept).anyMatch(Integer.valueOf(i)::equals);
                    assertTrue(among || !seen[i], "n " + n + ", k " + k + ": drew token " + i);
                }
            }
        }
    }

    @Test
    void greedyTakesTheFirstOfEquals() {
        assertEquals(1, new Sampler(SamplingOptions.GREEDY, 1).next(new float[] {0, 3, 3, -1}, NOTHING));
    }

    @Test
    void aSeedRepeatsItself() {
        float[] logits = new float[50];
        int[] first = IntStream.generate(() -> 0).limit(0).toArray();
        for (int seed = 0; seed < 3; seed++) {
            Sampler a = new Sampler(options(1, 0, 1, 0), seed);
            Sampler b = new Sampler(options(1, 0, 1, 0), seed);
            int[] drawn = IntStream.range(0, 20).map(_ -> a.next(logits.clone(), NOTHING)).toArray();
            assertArrayEquals(drawn, IntStream.range(0, 20).map(_ -> b.next(logits.clone(), NOTHING)).toArray());
            assertTrue(!Arrays.equals(first, drawn), "seeds differ");
            first = drawn;
        }
    }

    @Test
    void logitsThatAreNoNumbersAreRefused() {
        for (SamplingOptions options : new SamplingOptions[] {SamplingOptions.GREEDY, SamplingOptions.DEFAULT}) {
            Sampler sampler = new Sampler(options, 1);
            String message = assertThrows(IllegalStateException.class,
                    () -> sampler.next(new float[] {1, Float.NaN, 2}, NOTHING)).getMessage();
            assertTrue(message.contains("NaN for token 1"), message);
            assertThrows(IllegalStateException.class, () -> sampler.next(new float[] {1, Float.POSITIVE_INFINITY}, NOTHING));
            assertEquals(0, sampler.next(new float[] {1, Float.NEGATIVE_INFINITY}, NOTHING));
        }
    }
}
