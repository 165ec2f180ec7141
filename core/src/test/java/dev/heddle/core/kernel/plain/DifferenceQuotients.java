package dev.heddle.core.kernel.plain;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Random;
import java.util.function.Supplier;

/// Gradients against difference quotients of a weighted sum of outputs.
final class DifferenceQuotients {
    private static final float STEP = 1e-2f;

    private final Arena arena = Arena.ofAuto();
    private final Random random;

    DifferenceQuotients(long seed) {
        random = new Random(seed);
    }

    /// Normal numbers times `spread`, moved by `shift`.
    Tensor normal(double spread, double shift, long... shape) {
        Tensor tensor = zeros(shape);
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.set(i, (float) (shift + spread * random.nextGaussian()));
        }
        return tensor;
    }

    Tensor zeros(long... shape) {
        return Tensor.zeros(arena, DType.F32, shape);
    }

    /// Σ weights ⊙ y, the loss whose gradient towards y is `weights`.
    static double loss(Tensor weights, Tensor y) {
        double sum = 0;
        for (long i = 0; i < y.elements(); i++) {
            sum += (double) weights.get(i) * y.get(i);
        }
        return sum;
    }

    /// `gradient` is d `loss` / d `input`.
    static void assertGradient(String name, Tensor gradient, Tensor input, Supplier<Double> loss) {
        double largest = 0;
        for (long i = 0; i < gradient.elements(); i++) {
            largest = Math.max(largest, Math.abs(gradient.get(i)));
        }
        for (long i = 0; i < input.elements(); i++) {
            float x = input.get(i);
            input.set(i, x + STEP);
            double above = loss.get();
            input.set(i, x - STEP);
            double below = loss.get();
            input.set(i, x);
            // the quotient of central differences errs by the third derivative times the square of the step
            assertEquals((above - below) / (2 * STEP), gradient.get(i), 2e-3 * largest + 2e-4, name + "[" + i + "]");
        }
    }
}
