package dev.heddle.core.kernel.plain;

import dev.heddle.core.kernel.Elementwise;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [Elementwise] in plain loops.
public final class PlainElementwise implements Elementwise {
    @FunctionalInterface
    private interface Each {
        void at(int t, int d);
    }

    private static void each(Tensor like, Each body) {
        int rows = like.rows();
        int columns = like.columns();
        for (int t = 0; t < rows; t++) {
            for (int d = 0; d < columns; d++) {
                body.at(t, d);
            }
        }
    }

    private static float at(Tensor x, int t, int d) {
        return Memory.load(x.dtype(), x.address(t) + (long) d * x.dtype().size());
    }

    private static void put(Tensor y, int t, int d, float value) {
        Memory.store(y.dtype(), y.address(t) + (long) d * y.dtype().size(), value);
    }

    private static void plus(Tensor y, int t, int d, double value) {
        put(y, t, d, (float) (at(y, t, d) + value));
    }

    @Override
    public void copy(Tensor y, Tensor x) {
        each(y, (t, d) -> put(y, t, d, at(x, t, d)));
    }

    @Override
    public void add(Tensor y, Tensor a, Tensor b, float scale) {
        each(y, (t, d) -> put(y, t, d, Math.fma(scale, at(b, t, d), at(a, t, d))));
    }

    @Override
    public void scale(Tensor y, Tensor x, float scale) {
        each(y, (t, d) -> put(y, t, d, scale * at(x, t, d)));
    }

    @Override
    public void multiply(Tensor y, Tensor a, Tensor b) {
        each(y, (t, d) -> put(y, t, d, at(a, t, d) * at(b, t, d)));
    }

    @Override
    public void addRow(Tensor y, Tensor x, Tensor row) {
        each(y, (t, d) -> put(y, t, d, at(x, t, d) + at(row, 0, d)));
    }

    @Override
    public void multiplyRow(Tensor y, Tensor x, Tensor row) {
        each(y, (t, d) -> put(y, t, d, at(x, t, d) * at(row, 0, d)));
    }

    @Override
    public void activate(Tensor y, Tensor x, Activation activation) {
        each(y, (t, d) -> put(y, t, d, Scalar.activate(activation, at(x, t, d))));
    }

    @Override
    public void gate(Tensor y, Tensor gate, Tensor up, Activation activation) {
        each(y, (t, d) -> put(y, t, d, Scalar.activate(activation, at(gate, t, d)) * at(up, t, d)));
    }

    @Override
    public void softcap(Tensor y, Tensor x, float cap) {
        each(y, (t, d) -> put(y, t, d, (float) (cap * Math.tanh(at(x, t, d) / cap))));
    }

    @Override
    public void negativeExp(Tensor y, Tensor x) {
        each(y, (t, d) -> put(y, t, d, (float) -Math.exp(at(x, t, d))));
    }

    @Override
    public void transpose(Tensor y, Tensor x) {
        each(y, (t, d) -> put(y, t, d, at(x, d, t)));
    }

    @Override
    public void activateGradient(Tensor dx, Tensor dy, Tensor x, Activation activation) {
        each(dx, (t, d) -> plus(dx, t, d, at(dy, t, d) * Scalar.derivative(activation, at(x, t, d))));
    }

    @Override
    public void gateGradient(Tensor dGate, Tensor dUp, Tensor dy, Tensor gate, Tensor up, Activation activation) {
        each(dy, (t, d) -> {
            double g = at(gate, t, d);
            double out = at(dy, t, d);
            plus(dGate, t, d, out * at(up, t, d) * Scalar.derivative(activation, g));
            plus(dUp, t, d, out * Scalar.activate(activation, g));
        });
    }

    @Override
    public void sumRows(Tensor dRow, Tensor dy) {
        for (int d = 0; d < dy.columns(); d++) {
            double sum = 0;
            for (int t = 0; t < dy.rows(); t++) {
                sum += at(dy, t, d);
            }
            plus(dRow, 0, d, sum);
        }
    }

    @Override
    public void addTransposed(Tensor y, Tensor x) {
        each(y, (t, d) -> plus(y, t, d, at(x, d, t)));
    }
}
