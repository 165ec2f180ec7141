package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.Normalization;
import dev.heddle.core.kernel.plain.PlainNormalization;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// [Normalization] on the Vector API. Threads share the rows, and the columns where weights gather their gradients.
public final class VectorNormalization implements Normalization {
    private final Workers workers;
    private final Normalization plain = new PlainNormalization();
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    public VectorNormalization(Workers workers) {
        this.workers = workers;
    }

    /// Work on one part of one row: its index among all parts, and the byte its columns begin at.
    @FunctionalInterface
    private interface Part {
        void run(int row, int index, int width, long column);
    }

    private void each(Tensor x, int groups, Part part) {
        int width = x.columns() / groups;
        int grain = Math.ceilDiv(Stretches.LIGHT / 2, Math.max(1, x.columns()));
        workers.forRange(x.rows(), grain, (from, to) -> {
            for (int t = from; t < to; t++) {
                for (int g = 0; g < groups; g++) {
                    part.run(t, t * groups + g, width, 4L * g * width);
                }
            }
        });
    }

    /// Whether weights are f32 and cover a row or one of its parts.
    private static boolean simple(Optional<Tensor> weight, Tensor x, int groups) {
        return weight.isEmpty() || weight.get().dtype() == DType.F32
                && (weight.get().elements() == x.columns() || weight.get().elements() == x.columns() / groups);
    }

    /// Address of the weights of the part at byte `column` of a row of x.
    private static long weight(Tensor weight, Tensor x, long column) {
        return weight.address() + (weight.elements() == x.columns() ? column : 0);
    }

    private static float inverseRms(long x, int width, float epsilon) {
        return (float) (1 / Math.sqrt(NormRows.squares(x, width) / width + (double) epsilon));
    }

    private static float inverseDeviation(long x, float mean, int width, float epsilon) {
        return (float) (1 / Math.sqrt(NormRows.deviations(x, mean, width) / width + (double) epsilon));
    }

    @Override
    public void rms(Tensor y, Tensor x, Optional<Tensor> weight, float offset, float epsilon, int groups) {
        if (!simple(weight, x, groups)) {
            plain.rms(y, x, weight, offset, epsilon, groups);
            return;
        }
        each(x, groups, (t, _, width, column) -> {
            long from = x.address(t) + column;
            long to = y.address(t) + column;
            float inverse = inverseRms(from, width, epsilon);
            if (weight.isEmpty()) {
                Arithmetic.scale(to, from, inverse, width);
            } else {
                NormRows.scaled(to, from, inverse, weight(weight.get(), x, column), offset, width);
            }
        });
    }

    @Override
    public void layer(Tensor y, Tensor x, Optional<Tensor> weight, Optional<Tensor> bias, float epsilon, int groups) {
        if (!simple(weight, x, groups) || !simple(bias, x, groups)) {
            plain.layer(y, x, weight, bias, epsilon, groups);
            return;
        }
        each(x, groups, (t, _, width, column) -> {
            long from = x.address(t) + column;
            long to = y.address(t) + column;
            float mean = NormRows.sum(from, width) / width;
            NormRows.centred(to, from, mean, inverseDeviation(from, mean, width, epsilon), width);
            if (weight.isPresent()) {
                Arithmetic.multiply(to, to, weight(weight.get(), x, column), width);
            }
            if (bias.isPresent()) {
                Arithmetic.add(to, to, weight(bias.get(), x, column), width);
            }
        });
    }

    @Override
    public void l2(Tensor y, Tensor x, float epsilon, boolean insideRoot, int groups) {
        each(x, groups, (t, _, width, column) -> {
            long from = x.address(t) + column;
            double norm = length(NormRows.squares(from, width), epsilon, insideRoot);
            Arithmetic.scale(y.address(t) + column, from, (float) (1 / norm), width);
        });
    }

    private static double length(double squares, float epsilon, boolean insideRoot) {
        return insideRoot ? Math.sqrt(squares + epsilon) : Math.max(Math.sqrt(squares), epsilon);
    }

    @Override
    public void rmsGradient(Tensor dx, Optional<Tensor> dWeight, Tensor dy, Tensor x, Optional<Tensor> weight, float offset,
            float epsilon, int groups) {
        if (!simple(weight, x, groups)) {
            plain.rmsGradient(dx, dWeight, dy, x, weight, offset, epsilon, groups);
            return;
        }
        float[] mean = new float[x.rows() * groups];
        float[] factor = new float[x.rows() * groups];
        each(x, groups, (t, index, width, column) -> {
            long in = x.address(t) + column;
            long out = dy.address(t) + column;
            float inverse = inverseRms(in, width, epsilon);
            factor[index] = inverse;
            if (weight.isPresent()) {
                long product = scratch.get().address(4L * width);
                NormRows.scaled(product, out, 1, weight(weight.get(), x, column), offset, width);
                out = product;
            }
            double along = (double) NormRows.dot(out, in, width) * inverse * inverse * inverse / width;
            NormRows.addAffine(dx.address(t) + column, out, inverse, in, (float) -along, 0, width);
        });
        dWeight.ifPresent(dw -> addWeightGradient(dw, dy, x, mean, factor, groups));
    }

    @Override
    public void layerGradient(Tensor dx, Optional<Tensor> dWeight, Optional<Tensor> dBias, Tensor dy, Tensor x,
            Optional<Tensor> weight, float epsilon, int groups) {
        if (!simple(weight, x, groups) || !simple(dWeight, x, groups) || !simple(dBias, x, groups)) {
            plain.layerGradient(dx, dWeight, dBias, dy, x, weight, epsilon, groups);
            return;
        }
        float[] means = new float[x.rows() * groups];
        float[] factors = new float[x.rows() * groups];
        each(x, groups, (t, index, width, column) -> {
            long in = x.address(t) + column;
            long out = dy.address(t) + column;
            float mean = NormRows.sum(in, width) / width;
            float inverse = inverseDeviation(in, mean, width, epsilon);
            means[index] = mean;
            factors[index] = inverse;
            long centred = scratch.get().address(8L * width);
            NormRows.centred(centred, in, mean, inverse, width);
            if (weight.isPresent()) {
                long product = centred + 4L * width;
                Arithmetic.multiply(product, out, weight(weight.get(), x, column), width);
                out = product;
            }
            double sum = (double) NormRows.sum(out, width) / width;
            double along = (double) NormRows.dot(out, centred, width) / width;
            NormRows.addAffine(dx.address(t) + column, out, inverse, centred, (float) (-along * inverse),
                    (float) (-sum * inverse), width);
        });
        dWeight.ifPresent(dw -> addWeightGradient(dw, dy, x, means, factors, groups));
        dBias.ifPresent(db -> addBiasGradient(db, dy, groups));
    }

    /// For every weight the sum over the rows, and over the groups that share it.
    private void addWeightGradient(Tensor dw, Tensor dy, Tensor x, float[] mean, float[] factor, int groups) {
        int width = x.columns() / groups;
        Stretches.columns(workers, x.rows() * groups, width, Stretches.LIGHT, (_, d, n) -> {
            for (int g = 0; g < groups; g++) {
                long column = 4L * (g * width + d);
                NormRows.addWeightGradient(dw.address() + (dw.elements() == x.columns() ? column : 4L * d),
                        dy.address() + column, dy.rowBytes(), x.address() + column, x.rowBytes(), mean, factor, g, groups,
                        x.rows(), n);
            }
        });
    }

    private void addBiasGradient(Tensor db, Tensor dy, int groups) {
        int width = dy.columns() / groups;
        Stretches.columns(workers, dy.rows() * groups, width, Stretches.LIGHT, (_, d, n) -> {
            for (int g = 0; g < groups; g++) {
                long column = 4L * (g * width + d);
                RowSums.add(db.address() + (db.elements() == dy.columns() ? column : 4L * d), dy.address() + column,
                        dy.rowBytes(), dy.rows(), n);
            }
        });
    }

    @Override
    public void l2Gradient(Tensor dx, Tensor dy, Tensor x, float epsilon, boolean insideRoot, int groups) {
        each(x, groups, (t, _, width, column) -> {
            long in = x.address(t) + column;
            long out = dy.address(t) + column;
            double squares = NormRows.squares(in, width);
            double norm = length(squares, epsilon, insideRoot);
            boolean constant = !insideRoot && Math.sqrt(squares) < epsilon;
            double along = constant ? 0 : NormRows.dot(out, in, width) / (norm * norm * norm);
            NormRows.addAffine(dx.address(t) + column, out, (float) (1 / norm), in, (float) -along, 0, width);
        });
    }
}
