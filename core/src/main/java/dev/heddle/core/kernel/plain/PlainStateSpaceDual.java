package dev.heddle.core.kernel.plain;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.StateSpaceDual;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// [StateSpaceDual] step by step in double precision.
public final class PlainStateSpaceDual implements StateSpaceDual {
    private static float at(Tensor x, int t, int d) {
        return Memory.f32(x.address(t) + 4L * d);
    }

    @Override
    public void forward(Shape shape, Tensor y, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a, Tensor b, Tensor c,
            Optional<Tensor> d, Tensor state, Segments segments) {
        int p = shape.headDim();
        int n = shape.state();
        for (int s = 0; s < segments.count(); s++) {
            int slot = segments.slots()[s];
            for (int h = 0; h < shape.heads(); h++) {
                int g = h / (shape.heads() / shape.groups());
                double[] hidden = new double[n * p];
                for (int i = 0; i < hidden.length; i++) {
                    hidden[i] = at(state, slot, h * n * p + i);
                }
                for (int t = segments.start(s); t < segments.end(s); t++) {
                    double raw = at(dt, t, h) + (dtBias.isEmpty() ? 0 : dtBias.get().get(h));
                    double delta = Math.clamp(Scalar.softplus(raw), shape.dtMin(), (double) shape.dtMax());
                    double decay = Math.exp(delta * a.get(h));
                    for (int j = 0; j < p; j++) {
                        double xt = at(x, t, h * p + j);
                        double out = 0;
                        for (int i = 0; i < n; i++) {
                            double next = decay * hidden[i * p + j] + delta * at(b, t, g * n + i) * xt;
                            hidden[i * p + j] = next;
                            out += at(c, t, g * n + i) * next;
                        }
                        if (d.isPresent()) {
                            Tensor skip = d.get();
                            out += xt * (skip.elements() == shape.heads() ? skip.get(h) : skip.get((long) h * p + j));
                        }
                        Memory.f32(y.address(t) + 4L * (h * p + j), (float) out);
                    }
                }
                for (int i = 0; i < hidden.length; i++) {
                    Memory.f32(state.address(slot) + 4L * (h * n * p + i), (float) hidden[i]);
                }
            }
        }
    }
}
