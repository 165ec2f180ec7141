package dev.heddle.core.kernel.plain;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.core.kernel.LogDecay;
import dev.heddle.core.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Log decays of one column and of three columns a head: values by hand, gradients by difference quotients.
class PlainLogDecayTest {
    private static final LogDecay DECAY = new PlainLogDecay();

    @ParameterizedTest(name = "{0} columns a head")
    @ValueSource(ints = {1, 3})
    void valuesAndGradients(int width) {
        DifferenceQuotients numbers = new DifferenceQuotients(width);
        Tensor x = numbers.normal(2, 0, 7, 2L * width);
        Tensor bias = numbers.normal(1, 0, 2L * width);
        Tensor aLog = numbers.normal(0.5, 0, 2);
        Tensor g = numbers.zeros(x.shape());
        DECAY.forward(g, x, bias, aLog);
        for (int c = 0; c < 2 * width; c++) {
            double expected = -Math.exp(aLog.get(c / width)) * Math.log(1 + Math.exp(x.get(2L * width + c) + bias.get(c)));
            assertEquals(expected, g.get(2L * width + c), 1e-5);
        }
        Tensor weights = numbers.normal(1, 0, g.shape());
        Tensor dx = numbers.zeros(x.shape());
        Tensor dBias = numbers.zeros(bias.shape());
        Tensor dLog = numbers.zeros(aLog.shape());
        DECAY.backward(dx, dBias, dLog, weights, x, bias, aLog);
        Tensor[] inputs = {x, bias, aLog};
        Tensor[] gradients = {dx, dBias, dLog};
        for (int i = 0; i < inputs.length; i++) {
            DifferenceQuotients.assertGradient("input " + i, gradients[i], inputs[i], () -> {
                DECAY.forward(g, x, bias, aLog);
                return DifferenceQuotients.loss(weights, g);
            });
        }
    }
}
