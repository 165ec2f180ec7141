package dev.heddle.engine.trace;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.kernel.RgLru;
import dev.heddle.core.kernel.StateSpaceDual;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.engine.trace.Observation.Kernel;
import dev.heddle.engine.trace.Observation.Recurrence;
import java.util.Arrays;
import java.util.Optional;

/// Decay and step of each recurrence from what its kernel is given; the equations stand at the kernels.
final class RecurrenceValues {
    private final Backend backend;

    RecurrenceValues(Backend backend) {
        this.backend = backend;
    }

    private static double softplus(double x) {
        return x > 30 ? x : Math.log1p(Math.exp(x));
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /// δ = softplus(dt + bias) in each channel; the state's N numbers of a channel decay by exp(δ·a).
    Recurrence selectiveScan(Tensor dt, Optional<Tensor> dtBias, Tensor a) {
        int channels = dt.columns();
        float[] steps = backend.read(dt);
        float[] bias = dtBias.map(backend::read).orElseGet(() -> new float[channels]);
        float[] rates = backend.read(a);
        int states = rates.length / channels;
        float[] keep = new float[dt.rows()];
        float[] write = new float[dt.rows()];
        for (int t = 0; t < keep.length; t++) {
            double decay = 0;
            double step = 0;
            for (int i = 0; i < channels; i++) {
                double delta = softplus(steps[t * channels + i] + bias[i]);
                step += delta;
                for (int n = 0; n < states; n++) {
                    decay += Math.exp(delta * rates[n * channels + i]);
                }
            }
            keep[t] = (float) (decay / channels / states);
            write[t] = (float) (step / channels);
        }
        return new Recurrence(Kernel.SELECTIVE_SCAN, keep, Optional.of(write));
    }

    /// δ = clamp(softplus(dt + bias)) in each head, which decays by exp(δ·a).
    Recurrence stateSpaceDual(StateSpaceDual.Shape shape, Tensor dt, Optional<Tensor> dtBias, Tensor a) {
        int heads = shape.heads();
        float[] steps = backend.read(dt);
        float[] bias = dtBias.map(backend::read).orElseGet(() -> new float[heads]);
        float[] rates = backend.read(a);
        float[] keep = new float[dt.rows()];
        float[] write = new float[dt.rows()];
        for (int t = 0; t < keep.length; t++) {
            double decay = 0;
            double step = 0;
            for (int h = 0; h < heads; h++) {
                double delta = Math.clamp(softplus(steps[t * heads + h] + bias[h]), shape.dtMin(), (double) shape.dtMax());
                step += delta;
                decay += Math.exp(delta * rates[h]);
            }
            keep[t] = (float) (decay / heads);
            write[t] = (float) (step / heads);
        }
        return new Recurrence(Kernel.STATE_SPACE_DUAL, keep, Optional.of(write));
    }

    /// a = exp(−8·σ(recurrence gate)·softplus(λ)) in each channel, which takes in √(1 − a²)·σ(input gate) of its input; all of
    /// it at position 0.
    Recurrence rgLru(Tensor recurrenceGate, Tensor inputGate, Tensor lambda) {
        int channels = lambda.columns();
        float[] gates = backend.read(recurrenceGate);
        float[] inputs = backend.read(inputGate);
        float[] rates = backend.read(lambda);
        float[] keep = new float[recurrenceGate.rows()];
        float[] write = new float[keep.length];
        for (int t = 0; t < keep.length; t++) {
            double decay = 0;
            double step = 0;
            for (int i = 0; i < channels; i++) {
                double a = t == 0 ? 0 : Math.exp(-RgLru.DECAY_SCALE * sigmoid(gates[t * channels + i]) * softplus(rates[i]));
                decay += a;
                step += Math.sqrt(1 - a * a) * sigmoid(inputs[t * channels + i]);
            }
            keep[t] = (float) (decay / channels);
            write[t] = (float) (step / channels);
        }
        return new Recurrence(Kernel.RG_LRU, keep, Optional.of(write));
    }

    /// A logarithm of the decay for each row and channel, and a rate of writing for each row and head or channel.
    Recurrence gated(Kernel kernel, Tensor logDecay, Optional<Tensor> rate) {
        return new Recurrence(kernel, rowMeans(logDecay, true), rate.map(tensor -> rowMeans(tensor, false)));
    }

    /// Decays that are the same for all `rows` rows.
    static Recurrence fixed(Kernel kernel, double[] decays, int rows) {
        float[] keep = new float[rows];
        Arrays.fill(keep, (float) Arrays.stream(decays).average().orElse(1));
        return new Recurrence(kernel, keep, Optional.empty());
    }

    /// Fixed decays given by their logarithms.
    Recurrence fixed(Kernel kernel, Tensor logDecay, int rows) {
        float[] values = backend.read(logDecay);
        double[] decays = new double[values.length];
        Arrays.setAll(decays, i -> Math.exp(values[i]));
        return fixed(kernel, decays, rows);
    }

    private float[] rowMeans(Tensor tensor, boolean exponential) {
        float[] values = backend.read(tensor);
        int columns = tensor.columns();
        float[] means = new float[tensor.rows()];
        for (int t = 0; t < means.length; t++) {
            double sum = 0;
            for (int i = 0; i < columns; i++) {
                double value = values[t * columns + i];
                sum += exponential ? Math.exp(value) : value;
            }
            means[t] = (float) (sum / columns);
        }
        return means;
    }
}
