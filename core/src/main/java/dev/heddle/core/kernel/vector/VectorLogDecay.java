package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.LogDecay;
import dev.heddle.core.kernel.plain.PlainLogDecay;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [LogDecay] on the Vector API; gradients in plain loops.
public final class VectorLogDecay implements LogDecay {
    private final Workers workers;
    private final LogDecay plain = new PlainLogDecay();
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    public VectorLogDecay(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void forward(Tensor g, Tensor x, Tensor bias, Tensor aLog) {
        int columns = x.columns();
        if (columns == 0 || x.rows() == 0) {
            return;
        }
        long rates = rates(aLog, columns);
        long biases = bias.address();
        Stretches.each(workers, x.rows(), columns, Stretches.HEAVY, (t, d, n) -> {
            long y = g.address(t) + 4L * d;
            Arithmetic.add(y, x.address(t) + 4L * d, biases + 4L * d, n);
            Activations.apply(Activation.SOFTPLUS, y, y, n);
            Arithmetic.multiply(y, y, rates + 4L * d, n);
        });
    }

    /// −exp(aLog) for each column.
    private long rates(Tensor aLog, int columns) {
        int heads = (int) aLog.elements();
        int width = columns / heads;
        long rates = scratch.get().address(4L * columns);
        for (int h = 0; h < heads; h++) {
            float rate = -VectorMath.exp(aLog.get(h));
            for (int c = h * width; c < (h + 1) * width; c++) {
                Memory.f32(rates + 4L * c, rate);
            }
        }
        return rates;
    }

    @Override
    public void backward(Tensor dx, Tensor dBias, Tensor dALog, Tensor dg, Tensor x, Tensor bias, Tensor aLog) {
        plain.backward(dx, dBias, dALog, dg, x, bias, aLog);
    }
}
