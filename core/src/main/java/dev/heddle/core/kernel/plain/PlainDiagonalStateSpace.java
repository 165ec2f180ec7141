package dev.heddle.core.kernel.plain;

import static dev.heddle.core.kernel.plain.Elements.at;
import static dev.heddle.core.kernel.plain.Elements.plus;
import static dev.heddle.core.kernel.plain.Elements.put;

import dev.heddle.core.kernel.DiagonalStateSpace;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// [DiagonalStateSpace] step by step, one channel after the other. States are rounded to f32 after every step, so that it
/// does not matter where a pass ends.
public final class PlainDiagonalStateSpace implements DiagonalStateSpace {
    /// Positions between the states the backward keeps.
    private static final int CHUNK = 64;

    private record Complex(double re, double im) {
        Complex times(Complex o) {
            return new Complex(re * o.re - im * o.im, re * o.im + im * o.re);
        }

        Complex conjugate() {
            return new Complex(re, -im);
        }

        Complex over(Complex o) {
            double square = o.re * o.re + o.im * o.im;
            Complex product = times(o.conjugate());
            return new Complex(product.re / square, product.im / square);
        }

        Complex minus(Complex o) {
            return new Complex(re - o.re, im - o.im);
        }

        Complex times(double factor) {
            return new Complex(re * factor, im * factor);
        }
    }

    /// Rate, ā and b̄ of one state.
    private record Discrete(Complex a, double step, Complex decay, Complex input) {
        static Discrete of(Tensor dtLog, Tensor aLog, Optional<Tensor> aImag, int n, int i) {
            double step = Math.exp(at(dtLog, 0, i));
            Complex a = new Complex(-Math.exp(at(aLog, n, i)), aImag.isEmpty() ? 0 : at(aImag.get(), n, i));
            double re = step * a.re;
            double im = step * a.im;
            double half = Math.sin(im / 2);
            Complex decay = new Complex(Math.exp(re) * Math.cos(im), Math.exp(re) * Math.sin(im));
            // exp(z) − 1 without cancellation near zero
            Complex grown = new Complex(Math.expm1(re) * Math.cos(im) - 2 * half * half, decay.im);
            return new Discrete(a, step, decay, grown.over(a));
        }
    }

    @Override
    public void discretize(Shape shape, Tensor table, Tensor dtLog, Tensor aLog, Optional<Tensor> aImag) {
        int m = shape.states();
        for (int n = 0; n < m; n++) {
            for (int i = 0; i < table.columns(); i++) {
                Discrete discrete = Discrete.of(dtLog, aLog, aImag, n, i);
                put(table, n, i, discrete.decay.re);
                if (shape.complex()) {
                    put(table, m + n, i, discrete.decay.im);
                    put(table, 2 * m + n, i, discrete.input.re);
                    put(table, 3 * m + n, i, discrete.input.im);
                } else {
                    put(table, m + n, i, discrete.input.re);
                }
            }
        }
    }

    @Override
    public void discretizeGradient(Shape shape, Tensor dDtLog, Tensor dALog, Optional<Tensor> dAImag, Tensor dTable,
            Tensor dtLog, Tensor aLog, Optional<Tensor> aImag) {
        int m = shape.states();
        for (int n = 0; n < m; n++) {
            for (int i = 0; i < dTable.columns(); i++) {
                Discrete discrete = Discrete.of(dtLog, aLog, aImag, n, i);
                Complex dDecay = new Complex(at(dTable, n, i), shape.complex() ? at(dTable, m + n, i) : 0);
                Complex dInput = shape.complex() ? new Complex(at(dTable, 2 * m + n, i), at(dTable, 3 * m + n, i))
                        : new Complex(at(dTable, m + n, i), 0);
                // each function f of z is holomorphic, so a gradient g passes back as g·conj(f′)
                Complex scaled = discrete.decay.times(discrete.step);
                Complex byRate = scaled.minus(discrete.input).over(discrete.a);
                Complex first = dDecay.times(scaled.conjugate());
                Complex second = dInput.times(byRate.conjugate());
                plus(dALog, n, i, (first.re + second.re) * discrete.a.re);
                if (dAImag.isPresent()) {
                    plus(dAImag.get(), n, i, first.im + second.im);
                }
                double dStep = dDecay.times(discrete.a.times(discrete.decay).conjugate()).re
                        + dInput.times(discrete.decay.conjugate()).re;
                plus(dDtLog, 0, i, dStep * discrete.step);
            }
        }
    }

    /// Everything about one channel: its rows of the table and its output weights.
    private record Channel(double[] decay, double[] decayImag, double[] input, double[] inputImag, double[] c, double[] cImag,
            double d) {
        static Channel of(Shape shape, Tensor table, Tensor c, Optional<Tensor> cImag, Tensor d, int i) {
            int m = shape.states();
            boolean complex = shape.complex();
            return new Channel(column(table, 0, m, i), complex ? column(table, m, m, i) : new double[m],
                    column(table, complex ? 2 * m : m, m, i), complex ? column(table, 3 * m, m, i) : new double[m],
                    column(c, 0, m, i), complex ? column(cImag.orElseThrow(), 0, m, i) : new double[m], at(d, 0, i));
        }

        /// One step of the M real parts and the M imaginary parts that follow them.
        void step(double[] h, double x) {
            int m = decay.length;
            for (int n = 0; n < m; n++) {
                double re = h[n];
                double im = h[m + n];
                h[n] = (float) (decay[n] * re - decayImag[n] * im + input[n] * x);
                h[m + n] = (float) (decay[n] * im + decayImag[n] * re + inputImag[n] * x);
            }
        }
    }

    private static double[] column(Tensor x, int from, int count, int i) {
        double[] values = new double[count];
        for (int n = 0; n < count; n++) {
            values[n] = at(x, from + n, i);
        }
        return values;
    }

    /// The channel's states, imaginary parts zero if there are none.
    private static double[] load(Shape shape, Tensor state, int slot, int channels, int i) {
        double[] h = new double[2 * shape.states()];
        for (int n = 0; n < (shape.complex() ? h.length : shape.states()); n++) {
            h[n] = at(state, slot, n * channels + i);
        }
        return h;
    }

    @Override
    public void forward(Shape shape, Tensor y, Tensor x, Tensor table, Tensor c, Optional<Tensor> cImag, Tensor d,
            Tensor state, Segments segments) {
        int m = shape.states();
        int channels = x.columns();
        for (int i = 0; i < channels; i++) {
            Channel channel = Channel.of(shape, table, c, cImag, d, i);
            for (int s = 0; s < segments.count(); s++) {
                int slot = segments.slots()[s];
                double[] h = load(shape, state, slot, channels, i);
                for (int t = segments.start(s); t < segments.end(s); t++) {
                    double xt = at(x, t, i);
                    channel.step(h, xt);
                    double sum = 0;
                    for (int n = 0; n < m; n++) {
                        sum += channel.c[n] * h[n] - channel.cImag[n] * h[m + n];
                    }
                    put(y, t, i, (shape.complex() ? 2 : 1) * sum + channel.d * xt);
                }
                for (int n = 0; n < (shape.complex() ? 2 * m : m); n++) {
                    put(state, slot, n * channels + i, h[n]);
                }
            }
        }
    }

    @Override
    public void backward(Shape shape, Gradients gradients, Tensor dy, Tensor x, Tensor table, Tensor c, Optional<Tensor> cImag,
            Tensor d, Tensor initialState, Segments segments) {
        for (int i = 0; i < x.columns(); i++) {
            int at = i;
            Channel channel = Channel.of(shape, table, c, cImag, d, i);
            for (int s = 0; s < segments.count(); s++) {
                ChunkedBackward.run(load(shape, initialState, segments.slots()[s], x.columns(), i), segments.start(s),
                        segments.end(s), CHUNK, (h, t) -> channel.step(h, at(x, t, at)),
                        (dh, before, after, t) -> rowBackward(shape, gradients, channel, dh, before, after, at(dy, t, at),
                                at(x, t, at), t, at));
            }
        }
    }

    private static void rowBackward(Shape shape, Gradients gradients, Channel channel, double[] dh, double[] before,
            double[] after, double out, double xt, int t, int i) {
        int m = shape.states();
        double twice = (shape.complex() ? 2 : 1) * out;
        double dx = out * channel.d;
        plus(gradients.d(), 0, i, out * xt);
        for (int n = 0; n < m; n++) {
            double re = dh[n] + twice * channel.c[n];
            double im = dh[m + n] - twice * channel.cImag[n];
            plus(gradients.c(), n, i, twice * after[n]);
            plus(gradients.table(), n, i, re * before[n] + im * before[m + n]);
            plus(gradients.table(), (shape.complex() ? 2 * m : m) + n, i, re * xt);
            if (shape.complex()) {
                plus(gradients.cImag().orElseThrow(), n, i, -twice * after[m + n]);
                plus(gradients.table(), m + n, i, im * before[n] - re * before[m + n]);
                plus(gradients.table(), 3 * m + n, i, im * xt);
            }
            dx += re * channel.input[n] + im * channel.inputImag[n];
            dh[n] = channel.decay[n] * re + channel.decayImag[n] * im;
            dh[m + n] = channel.decay[n] * im - channel.decayImag[n] * re;
        }
        plus(gradients.x(), t, i, dx);
    }
}
