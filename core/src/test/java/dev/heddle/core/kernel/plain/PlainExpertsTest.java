package dev.heddle.core.kernel.plain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.core.kernel.Experts;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.SpecException;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Choice of experts against values from NumPy, its gradient against differences, and the way there and back.
class PlainExpertsTest {
    private static final Experts EXPERTS = new PlainExperts(new PlainMatrixProduct());

    private static Tensor scores(Arena arena) {
        Tensor scores = Tensor.zeros(arena, DType.F32, 4, 8);
        for (int t = 0; t < 4; t++) {
            for (int e = 0; e < 8; e++) {
                scores.set(t * 8 + e, (float) (2 * Math.sin(1.7 * t + 0.9 * e * e)));
            }
        }
        return scores;
    }

    private static Tensor bias(Arena arena) {
        Tensor bias = Tensor.zeros(arena, DType.F32, 8);
        for (int e = 0; e < 8; e++) {
            bias.set(e, (float) (0.3 * Math.cos(2.1 * e)));
        }
        return bias;
    }

    private static int[] integers(Tensor x) {
        int[] values = new int[(int) x.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = Memory.i32(x.address() + 4L * i);
        }
        return values;
    }

    private static void assertChoice(Router router, boolean biased, int[] ids, float... weights) {
        try (Arena arena = Arena.ofConfined()) {
            int active = ids.length / 4;
            Tensor chosen = Tensor.zeros(arena, DType.I32, 4, active);
            Tensor weight = Tensor.zeros(arena, DType.F32, 4, active);
            EXPERTS.choose(chosen, weight, scores(arena), biased ? Optional.of(bias(arena)) : Optional.empty(), router);
            assertArrayEquals(ids, integers(chosen));
            assertArrayEquals(weights, weight.toFloats(), 1e-6f);
        }
    }

    @Test
    void sigmoidWithChoiceBiasInTheBestGroups() {
        Router router = Router.sigmoid().withChoiceBias(true).withNormalised(true, 1e-20).withScale(2.5);
        assertChoice(router.withGroups(4, 2), true, new int[] {6, 0, 1, 0, 6, 7, 0, 2, 3, 3, 2, 5}, 0.969635f, 0.5764929f,
                0.9538721f, 0.8930196f, 0.7187918f, 0.8881886f, 0.7149609f, 1.5029501f, 0.2820891f, 0.8205216f, 0.8467496f,
                0.8327288f);
    }

    @Test
    void probabilitiesAmongAllExpertsAndAmongTheChosen() {
        int[] ids = {3, 4, 0, 7, 5, 2, 2, 5};
        assertChoice(Router.softmax(), false, ids, 0.2577733f, 0.2556007f, 0.3497016f, 0.3346538f, 0.4232751f, 0.3929436f,
                0.2436944f, 0.2255926f);
        float[] among = {0.502116f, 0.497884f, 0.5109941f, 0.4890059f, 0.5185805f, 0.4814195f, 0.5192865f, 0.4807135f};
        assertChoice(Router.softmaxOfChosen(), false, ids, among);
        assertChoice(Router.softmax().withNormalised(true, 0), false, ids, among);
    }

    static List<Router> routers() {
        return List.of(Router.softmax(), Router.softmax().withNormalised(true, 0).withScale(3), Router.softmaxOfChosen(),
                Router.sigmoid(), Router.sigmoid().withNormalised(true, 1e-6).withScale(0.5),
                Router.sigmoid().withChoiceBias(true).withGroups(4, 2).withNormalised(true, 1e-20));
    }

    @ParameterizedTest
    @MethodSource("routers")
    void gradientOfTheChoiceIsThatOfDifferences(Router router) {
        int active = 3;
        Random random = new Random(3);
        try (Arena arena = Arena.ofConfined()) {
            Tensor scores = scores(arena);
            Tensor ids = Tensor.zeros(arena, DType.I32, 4, active);
            Tensor weights = Tensor.zeros(arena, DType.F32, 4, active);
            Tensor dWeights = Tensor.zeros(arena, DType.F32, 4, active);
            Tensor dScores = Tensor.zeros(arena, DType.F32, 4, 8);
            for (int i = 0; i < 4 * active; i++) {
                dWeights.set(i, random.nextFloat(-1, 1));
            }
            EXPERTS.choose(ids, weights, scores, Optional.of(bias(arena)), router);
            EXPERTS.chooseGradient(dScores, dWeights, scores, ids, router);
            PlainRouter plain = new PlainRouter(router);
            for (int i = 0; i < 32; i++) {
                int t = i / 8;
                int[] chosen = Arrays.copyOfRange(integers(ids), t * active, (t + 1) * active);
                double[] row = Elements.row(scores, t, 0, 8);
                double step = 1e-5;
                row[i % 8] += step;
                double above = loss(plain, row, chosen, dWeights, t);
                row[i % 8] -= 2 * step;
                double below = loss(plain, row, chosen, dWeights, t);
                assertEquals((above - below) / (2 * step), dScores.get(i), 1e-6, router + " at " + i);
            }
        }
    }

    private static double loss(PlainRouter router, double[] scores, int[] chosen, Tensor dWeights, int t) {
        double[] weights = router.weights(router.chosen(router.scored(scores), chosen));
        double sum = 0;
        for (int j = 0; j < weights.length; j++) {
            sum += weights[j] * Elements.at(dWeights, t, j);
        }
        return sum;
    }

    @Test
    void rowsReturnFromTheirExpertsToTheirPlaces() {
        try (Arena arena = Arena.ofConfined()) {
            int active = 2;
            Tensor ids = Tensor.zeros(arena, DType.I32, 4, active);
            Tensor weights = Tensor.zeros(arena, DType.F32, 4, active);
            EXPERTS.choose(ids, weights, scores(arena), Optional.empty(), Router.softmaxOfChosen());
            Tensor order = Tensor.zeros(arena, DType.I32, 8, 1);
            Tensor place = Tensor.zeros(arena, DType.I32, 8, 1);
            Tensor offsets = Tensor.zeros(arena, DType.I32, 9, 1);
            EXPERTS.group(order, place, offsets, ids);
            assertArrayEquals(new int[] {0, 1, 1, 3, 4, 5, 7, 7, 8}, integers(offsets));
            assertArrayEquals(new int[] {2, 5, 6, 0, 1, 4, 7, 3}, integers(order));
            Tensor x = Tensor.of(arena, new float[] {1, -2, 3, 4, 5, -6, 7, 8}, 4, 2);
            Tensor gathered = Tensor.zeros(arena, DType.F32, 8, 2);
            EXPERTS.gather(gathered, x, order, active);
            Tensor y = Tensor.zeros(arena, DType.F32, 4, 2);
            EXPERTS.scatter(y, gathered, place, weights);
            assertArrayEquals(x.toFloats(), y.toFloats(), 1e-6f);
            Tensor back = Tensor.zeros(arena, DType.F32, 4, 2);
            EXPERTS.gatherGradient(back, gathered, place, active);
            assertArrayEquals(new float[] {2, -4, 6, 8, 10, -12, 14, 16}, back.toFloats());
        }
    }

    @Test
    void impossibleChoicesAreErrors() {
        GatedMlpSpec mlp = GatedMlpSpec.of(4, Activation.SILU);
        assertThrows(SpecException.class, () -> MixtureOfExpertsSpec.of(4, 5, mlp, Router.softmax()));
        assertThrows(SpecException.class, () -> MixtureOfExpertsSpec.of(8, 5, mlp, Router.sigmoid().withGroups(4, 2)));
        assertThrows(SpecException.class, () -> MixtureOfExpertsSpec.of(8, 1, mlp, Router.sigmoid().withGroups(3, 1)));
        assertThrows(SpecException.class, () -> MixtureOfExpertsSpec.of(4, 1, mlp, Router.sigmoid().withGroups(4, 1)));
        assertThrows(SpecException.class, () -> Router.sigmoid().withGroups(2, 3));
    }
}
