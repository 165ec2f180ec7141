package dev.heddle.train.recall;

import dev.heddle.train.data.Stretch;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/// Multi-query associative recall (Arora et al. 2023, "Zoology: Measuring and Improving Recall in Efficient Language
/// Models").
///
/// A sequence begins with P pairs k₁ v₁ … k_P v_P of different keys from [1, V/2) and different values from [V/2, V). In
/// what follows each key occurs once more, and there its value is to be predicted; nothing else is. Key i stands 2·gᵢ
/// places after the last pair, and the gaps are drawn without replacement from
///
///     p(g) ∝ (g + 1)^(a − 1),    0 ≤ g < (T − 2P) / 2,
///
/// so with a small `a` most keys are asked for soon and a few much later; a = 1 is uniform. The places between hold
/// random tokens, or token 0.
///
/// @param vocabulary V
/// @param length     T, even
/// @param pairs      P; at most T / 4, and fewer than V / 2
/// @param power      a
/// @param noise      whether places without a query hold random tokens
public record RecallTask(int vocabulary, int length, int pairs, double power, boolean noise) {
    public RecallTask {
        if (length % 2 != 0 || length >= vocabulary) {
            throw new IllegalArgumentException("recall sequences have an even length below the vocabulary's size " + vocabulary
                    + ", not " + length);
        }
        if (pairs < 1 || 4 * pairs > length || pairs >= vocabulary / 2) {
            throw new IllegalArgumentException("recall sequences of length " + length + " hold between 1 and "
                    + Math.min(length / 4, vocabulary / 2 - 1) + " pairs, not " + pairs);
        }
        if (!(power > 0) || !Double.isFinite(power)) {
            throw new IllegalArgumentException("the power of the gaps must be positive, not " + power);
        }
    }

    /// A sequence.
    ///
    /// @param lane the lane it is for
    public Stretch sequence(int lane, RandomGenerator random) {
        int[] inputs = new int[length];
        int[] targets = new int[length];
        Arrays.fill(targets, Stretch.NONE);
        int context = 2 * pairs;
        int[] keys = different(pairs, 1, vocabulary / 2, random);
        int[] values = different(pairs, vocabulary / 2, vocabulary, random);
        int[] gaps = gaps(random);
        if (noise) {
            for (int t = context; t < length; t++) {
                inputs[t] = random.nextInt(vocabulary);
            }
        }
        for (int i = 0; i < pairs; i++) {
            inputs[2 * i] = keys[i];
            inputs[2 * i + 1] = values[i];
            int query = context + 2 * gaps[i];
            inputs[query] = keys[i];
            targets[query] = values[i];
        }
        return new Stretch(lane, inputs, targets, false);
    }

    /// `count` different numbers from [low, high), each as likely as the others (Floyd's algorithm, then shuffled).
    private static int[] different(int count, int low, int high, RandomGenerator random) {
        int[] chosen = new int[count];
        for (int i = 0; i < count; i++) {
            int last = high - count + i;
            int candidate = random.nextInt(low, last + 1);
            boolean taken = false;
            for (int j = 0; j < i; j++) {
                taken |= chosen[j] == candidate;
            }
            int place = random.nextInt(i + 1);
            chosen[i] = chosen[place];
            chosen[place] = taken ? last : candidate;
        }
        return chosen;
    }

    private int[] gaps(RandomGenerator random) {
        double[] weights = new double[(length - 2 * pairs) / 2];
        Arrays.setAll(weights, g -> Math.pow(g + 1, power - 1));
        int[] gaps = new int[pairs];
        for (int i = 0; i < pairs; i++) {
            double left = random.nextDouble() * Arrays.stream(weights).sum();
            int last = 0;
            for (int g = 0; g < weights.length && left >= 0; g++) {
                if (weights[g] > 0) {
                    left -= weights[g];
                    last = g;
                }
            }
            gaps[i] = last;
            weights[last] = 0;
        }
        return gaps;
    }
}
