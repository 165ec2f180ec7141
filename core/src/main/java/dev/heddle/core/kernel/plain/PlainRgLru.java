package dev.heddle.core.kernel.plain;

import static dev.heddle.core.kernel.plain.Elements.at;
import static dev.heddle.core.kernel.plain.Elements.plus;
import static dev.heddle.core.kernel.plain.Elements.put;

import dev.heddle.core.kernel.RgLru;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Tensor;

/// [RgLru] step by step in double precision.
public final class PlainRgLru implements RgLru {
    /// Positions between the states the backward keeps.
    private static final int CHUNK = 64;

    /// What one row and channel makes of its gates.
    ///
    /// @param logDecay ln a; −∞ at position 0
    /// @param root     √(1 − a²)
    private record Gates(double recurrence, double input, double logDecay, double root) {
        static Gates of(Tensor recurrenceGate, Tensor inputGate, double lambda, int t, int i, boolean first) {
            double r = Scalar.sigmoid(at(recurrenceGate, t, i));
            double logDecay = first ? Double.NEGATIVE_INFINITY : -DECAY_SCALE * r * Scalar.softplus(lambda);
            return new Gates(r, Scalar.sigmoid(at(inputGate, t, i)), logDecay, Math.sqrt(-Math.expm1(2 * logDecay)));
        }

        double decay() {
            return Math.exp(logDecay);
        }
    }

    private static boolean first(Segments segments, int s, int t) {
        return segments.positions()[s] == 0 && t == segments.start(s);
    }

    @Override
    public void forward(Tensor y, Tensor x, Tensor recurrenceGate, Tensor inputGate, Tensor lambda, Tensor state,
            Segments segments) {
        for (int s = 0; s < segments.count(); s++) {
            for (int i = 0; i < x.columns(); i++) {
                double h = at(state, segments.slots()[s], i);
                for (int t = segments.start(s); t < segments.end(s); t++) {
                    Gates gates = Gates.of(recurrenceGate, inputGate, lambda.get(i), t, i, first(segments, s, t));
                    h = gates.decay() * h + gates.root() * gates.input() * at(x, t, i);
                    put(y, t, i, h);
                }
                put(state, segments.slots()[s], i, h);
            }
        }
    }

    @Override
    public void backward(Gradients gradients, Tensor dy, Tensor x, Tensor recurrenceGate, Tensor inputGate, Tensor lambda,
            Tensor initialState, Segments segments) {
        for (int s = 0; s < segments.count(); s++) {
            int segment = s;
            for (int i = 0; i < x.columns(); i++) {
                int channel = i;
                double l = lambda.get(i);
                ChunkedBackward.run(new double[] {at(initialState, segments.slots()[s], i)}, segments.start(s),
                        segments.end(s), CHUNK, (state, t) -> {
                            Gates gates = Gates.of(recurrenceGate, inputGate, l, t, channel, first(segments, segment, t));
                            state[0] = gates.decay() * state[0] + gates.root() * gates.input() * at(x, t, channel);
                        }, (dState, before, _, t) -> rowBackward(gradients, dState, before[0], at(dy, t, channel),
                                Gates.of(recurrenceGate, inputGate, l, t, channel, first(segments, segment, t)),
                                at(x, t, channel), l, t, channel));
            }
        }
    }

    private static void rowBackward(Gradients gradients, double[] dState, double before, double dy, Gates gates, double x,
            double lambda, int t, int i) {
        double dh = dState[0] + dy;
        double a = gates.decay();
        plus(gradients.x(), t, i, dh * gates.root() * gates.input());
        plus(gradients.inputGate(), t, i, dh * gates.root() * x * gates.input() * (1 - gates.input()));
        // d√z/dz with z = 1 − a², and dz/d ln a = −2a²
        double dRoot = Math.min(0.5 / gates.root(), ROOT_DERIVATIVE_BOUND);
        double dLogDecay = dh * before * a - dh * gates.input() * x * dRoot * 2 * a * a;
        double r = gates.recurrence();
        plus(gradients.recurrenceGate(), t, i, -DECAY_SCALE * Scalar.softplus(lambda) * dLogDecay * r * (1 - r));
        plus(gradients.lambda(), 0, i, -DECAY_SCALE * r * Scalar.sigmoid(lambda) * dLogDecay);
        dState[0] = dh * a;
    }
}
