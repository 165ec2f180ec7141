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

    @Override
    public void backward(Shape shape, Gradients gradients, Tensor dy, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a,
            Tensor b, Tensor c, Optional<Tensor> d, Tensor initialState, Segments segments) {
        int p = shape.headDim();
        int n = shape.state();
        for (int s = 0; s < segments.count(); s++) {
            for (int h = 0; h < shape.heads(); h++) {
                Head head = new Head(shape, h, x, dt, dtBias, a, b, c, d);
                double[] initial = Elements.row(initialState, segments.slots()[s], h * n * p, n * p);
                ChunkedBackward.run(initial, segments.start(s), segments.end(s), shape.chunk(), head::step,
                        (dState, before, after, t) -> head.back(gradients, dy, dState, before, after, t));
            }
        }
    }

    /// One head of a batch.
    private record Head(Shape shape, int h, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a, Tensor b, Tensor c,
            Optional<Tensor> d) {
        private int group() {
            return h / (shape.heads() / shape.groups());
        }

        private double raw(int t) {
            return at(dt, t, h) + (dtBias.isEmpty() ? 0 : dtBias.get().get(h));
        }

        private double delta(int t) {
            return Math.clamp(Scalar.softplus(raw(t)), shape.dtMin(), (double) shape.dtMax());
        }

        private double skip(int j) {
            return d.isEmpty() ? 0 : d.get().elements() == shape.heads() ? d.get().get(h)
                    : d.get().get((long) h * shape.headDim() + j);
        }

        void step(double[] state, int t) {
            int p = shape.headDim();
            double delta = delta(t);
            double decay = Math.exp(delta * a.get(h));
            for (int i = 0; i < shape.state(); i++) {
                double in = delta * at(b, t, group() * shape.state() + i);
                for (int j = 0; j < p; j++) {
                    state[i * p + j] = decay * state[i * p + j] + in * at(x, t, h * p + j);
                }
            }
        }

        void back(Gradients gradients, Tensor dy, double[] dState, double[] before, double[] after, int t) {
            int p = shape.headDim();
            int n = shape.state();
            int column = group() * n;
            double[] out = Elements.row(dy, t, h * p, p);
            double[] in = Elements.row(x, t, h * p, p);
            double[] key = Elements.row(b, t, column, n);
            double[] query = Elements.row(c, t, column, n);
            double delta = delta(t);
            double decay = Math.exp(delta * a.get(h));
            double dDecay = 0;
            double dInput = 0;
            double[] dx = new double[p];
            double[] db = new double[n];
            double[] dc = new double[n];
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < p; j++) {
                    int ij = i * p + j;
                    dc[i] += out[j] * after[ij];
                    double ds = dState[ij] + query[i] * out[j];
                    dDecay += ds * before[ij];
                    dInput += ds * key[i] * in[j];
                    db[i] += ds * delta * in[j];
                    dx[j] += ds * delta * key[i];
                    dState[ij] = ds * decay;
                }
            }
            for (int j = 0; j < p; j++) {
                dx[j] += skip(j) * out[j];
                skipGradient(gradients, j, out[j] * in[j]);
            }
            Elements.plus(gradients.x(), t, h * p, dx);
            Elements.plus(gradients.b(), t, column, db);
            Elements.plus(gradients.c(), t, column, dc);
            Elements.plus(gradients.a(), 0, h, dDecay * decay * delta);
            double free = Scalar.softplus(raw(t));
            if (free >= shape.dtMin() && free <= shape.dtMax()) {
                double dRaw = (dDecay * decay * a.get(h) + dInput) * Scalar.sigmoid(raw(t));
                Elements.plus(gradients.dt(), t, h, dRaw);
                gradients.dtBias().ifPresent(g -> Elements.plus(g, 0, h, dRaw));
            }
        }

        private void skipGradient(Gradients gradients, int j, double value) {
            gradients.d().ifPresent(g -> {
                long index = g.elements() == shape.heads() ? h : (long) h * shape.headDim() + j;
                g.set(index, (float) (g.get(index) + value));
            });
        }
    }
}
