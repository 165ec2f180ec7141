package dev.heddle.core.kernel.plain;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.core.kernel.AttentionDifference;
import dev.heddle.core.kernel.AttentionDifference.Share;
import dev.heddle.core.tensor.Tensor;
import org.junit.jupiter.api.Test;

/// The share by hand, gradients by difference quotients.
class PlainAttentionDifferenceTest {
    private static final AttentionDifference DIFFERENCE = new PlainAttentionDifference();
    private final DifferenceQuotients numbers = new DifferenceQuotients(3);

    @Test
    void lambdaIsADifferenceOfExponentialsAndItsInitialValue() {
        Tensor one = numbers.normal(0, 0.5, 4);
        Tensor y = numbers.zeros(1, 1);
        DIFFERENCE.forward(y, numbers.normal(0, 3, 1, 1), numbers.normal(0, 2, 1, 1),
                new Share(one, numbers.normal(0, 1, 4), one, numbers.normal(0, -1, 4), 0.2f));
        assertEquals(3 - 2 * (Math.exp(2) - Math.exp(-2) + 0.2), y.get(0), 1e-5);
    }

    @Test
    void gradientsAreDifferenceQuotients() {
        Tensor a = numbers.normal(1, 0, 3, 8);
        Tensor b = numbers.normal(1, 0, 3, 8);
        Share share = new Share(numbers.normal(0.3, 0, 4), numbers.normal(0.3, 0, 4), numbers.normal(0.3, 0, 4),
                numbers.normal(0.3, 0, 4), 0.7f);
        Tensor y = numbers.zeros(a.shape());
        Tensor weights = numbers.normal(1, 0, a.shape());
        Tensor da = numbers.zeros(a.shape());
        Tensor db = numbers.zeros(b.shape());
        Share gradients = new Share(numbers.zeros(4), numbers.zeros(4), numbers.zeros(4), numbers.zeros(4), 0);
        DIFFERENCE.backward(da, db, gradients, weights, b, share);
        Tensor[] inputs = {a, b, share.q1(), share.k1(), share.q2(), share.k2()};
        Tensor[] found = {da, db, gradients.q1(), gradients.k1(), gradients.q2(), gradients.k2()};
        for (int i = 0; i < inputs.length; i++) {
            DifferenceQuotients.assertGradient("input " + i, found[i], inputs[i], () -> {
                DIFFERENCE.forward(y, a, b, share);
                return DifferenceQuotients.loss(weights, y);
            });
        }
    }
}
