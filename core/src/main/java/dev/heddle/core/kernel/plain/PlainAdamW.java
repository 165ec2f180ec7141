package dev.heddle.core.kernel.plain;

import dev.heddle.core.kernel.AdamW;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [AdamW] element by element.
public final class PlainAdamW implements AdamW {
    @Override
    public void update(Tensor parameter, Tensor first, Tensor second, Tensor gradient, Step step) {
        long elements = parameter.elements();
        for (long i = 0; i < elements; i++) {
            double g = (double) Memory.f32(gradient.address() + 4 * i) * step.gradientScale();
            double m = step.beta1() * (double) Memory.f32(first.address() + 4 * i) + (1 - step.beta1()) * g;
            double v = step.beta2() * (double) Memory.f32(second.address() + 4 * i) + (1 - step.beta2()) * g * g;
            double p = Memory.f32(parameter.address() + 4 * i);
            double direction = m / step.firstCorrection() / (Math.sqrt(v / step.secondCorrection()) + step.epsilon());
            Memory.f32(first.address() + 4 * i, (float) m);
            Memory.f32(second.address() + 4 * i, (float) v);
            Memory.f32(parameter.address() + 4 * i, (float) (p - step.rate() * (step.decay() * p + direction)));
        }
    }

    @Override
    public double squaredNorm(Tensor gradient) {
        double sum = 0;
        long elements = gradient.elements();
        for (long i = 0; i < elements; i++) {
            double g = Memory.f32(gradient.address() + 4 * i);
            sum += g * g;
        }
        return sum;
    }
}
