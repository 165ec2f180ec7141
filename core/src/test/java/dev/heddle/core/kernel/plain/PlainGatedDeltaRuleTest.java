package dev.heddle.core.kernel.plain;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.core.kernel.GatedDeltaRule;
import dev.heddle.core.kernel.GatedDeltaRule.Inputs;
import dev.heddle.core.kernel.GatedDeltaRule.Shape;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The plain delta rule against products of its transition matrices and its gradients against difference quotients, from
/// states that are not zero, over ragged segments.
class PlainGatedDeltaRuleTest {
    private static final GatedDeltaRule RULE = new PlainGatedDeltaRule();
    private static final Shape SHAPE = new Shape(2, 4, 3, 2);
    private static final Segments SEGMENTS = new Segments(new int[] {0, 5, 6, 11}, new long[] {0, 7, 64}, new int[] {2, 0, 1});

    private final DifferenceQuotients numbers = new DifferenceQuotients(5);

    private Inputs inputs(boolean channels) {
        int rows = SEGMENTS.rows();
        int keys = SHAPE.keyHeads() * SHAPE.keyDim();
        return new Inputs(numbers.normal(1, 0, rows, keys), numbers.normal(0.5, 0, rows, keys),
                numbers.normal(1, 0, rows, SHAPE.heads() * SHAPE.valueDim()),
                numbers.normal(0.2, -0.7, rows, SHAPE.heads() * (channels ? SHAPE.keyDim() : 1)),
                numbers.normal(0.3, 0.8, rows, SHAPE.heads()));
    }

    private static Tensor run(Inputs in, Tensor state, Tensor y) {
        RULE.forward(SHAPE, y, in, state, SEGMENTS);
        return y;
    }

    private Tensor copy(Tensor x) {
        Tensor copy = numbers.zeros(x.shape());
        copy.copyFrom(x.toFloats());
        return copy;
    }

    @ParameterizedTest(name = "decay for each channel: {0}")
    @ValueSource(booleans = {false, true})
    void stateIsTheProductOfTransitions(boolean channels) {
        Inputs in = inputs(channels);
        Tensor initial = numbers.normal(1, 0, 3, SHAPE.stateElements());
        Tensor after = copy(initial);
        Tensor y = run(in, after, numbers.zeros(SEGMENTS.rows(), SHAPE.heads() * SHAPE.valueDim()));
        int kd = SHAPE.keyDim();
        int vd = SHAPE.valueDim();
        for (int s = 0; s < SEGMENTS.count(); s++) {
            int slot = SEGMENTS.slots()[s];
            for (int h = 0; h < SHAPE.heads(); h++) {
                double[] state = Elements.row(initial, slot, h * kd * vd, kd * vd);
                for (int t = SEGMENTS.start(s); t < SEGMENTS.end(s); t++) {
                    state = next(in, state, t, h, channels);
                    for (int j = 0; j < vd; j++) {
                        double expected = 0;
                        for (int i = 0; i < kd; i++) {
                            expected += in.q().get(t * in.q().columns() + SHAPE.keyHead(h) * kd + i) * state[i * vd + j];
                        }
                        assertEquals(expected, y.get((long) t * y.columns() + h * vd + j), 1e-5);
                    }
                }
                for (int i = 0; i < kd * vd; i++) {
                    assertEquals(state[i], Elements.at(after, slot, h * kd * vd + i), 1e-5);
                }
            }
        }
    }

    /// (I − β k kᵀ) diag(e^g) S + β k vᵀ, the form of the paper.
    private static double[] next(Inputs in, double[] state, int t, int h, boolean channels) {
        int kd = SHAPE.keyDim();
        int vd = SHAPE.valueDim();
        int key = SHAPE.keyHead(h) * kd;
        double rate = Elements.at(in.rate(), t, h);
        double[] next = new double[kd * vd];
        for (int i = 0; i < kd; i++) {
            for (int j = 0; j < vd; j++) {
                double ki = Elements.at(in.k(), t, key + i);
                next[i * vd + j] = rate * ki * Elements.at(in.v(), t, h * vd + j);
                for (int m = 0; m < kd; m++) {
                    double transition = (i == m ? 1 : 0) - rate * ki * Elements.at(in.k(), t, key + m);
                    double decay = Math.exp(Elements.at(in.logDecay(), t, channels ? h * kd + m : h));
                    next[i * vd + j] += transition * decay * state[m * vd + j];
                }
            }
        }
        return next;
    }

    @ParameterizedTest(name = "decay for each channel: {0}")
    @ValueSource(booleans = {false, true})
    void gradientsAreDifferenceQuotients(boolean channels) {
        Inputs in = inputs(channels);
        Tensor initial = numbers.normal(1, 0, 3, SHAPE.stateElements());
        Tensor y = numbers.zeros(SEGMENTS.rows(), SHAPE.heads() * SHAPE.valueDim());
        Tensor weights = numbers.normal(1, 0, y.shape());
        Inputs gradients = new Inputs(numbers.zeros(in.q().shape()), numbers.zeros(in.k().shape()),
                numbers.zeros(in.v().shape()), numbers.zeros(in.logDecay().shape()), numbers.zeros(in.rate().shape()));
        RULE.backward(SHAPE, gradients, weights, in, initial, SEGMENTS);
        Tensor[] values = {in.q(), in.k(), in.v(), in.logDecay(), in.rate()};
        Tensor[] found = {gradients.q(), gradients.k(), gradients.v(), gradients.logDecay(), gradients.rate()};
        String[] names = {"q", "k", "v", "log decay", "rate"};
        for (int i = 0; i < values.length; i++) {
            DifferenceQuotients.assertGradient(names[i], found[i], values[i],
                    () -> DifferenceQuotients.loss(weights, run(in, copy(initial), y)));
        }
    }
}
