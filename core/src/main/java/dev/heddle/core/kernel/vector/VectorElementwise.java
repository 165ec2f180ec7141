package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Stretches.HEAVY;
import static dev.heddle.core.kernel.vector.Stretches.LIGHT;
import static dev.heddle.core.kernel.vector.Stretches.f32;

import dev.heddle.core.kernel.Elementwise;
import dev.heddle.core.kernel.plain.PlainElementwise;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [Elementwise] on the Vector API. Tensors that are not f32 take the plain loops.
public final class VectorElementwise implements Elementwise {
    /// Floats of an activation that are kept in scratch memory between two steps.
    private static final int BLOCK = 1024;

    /// Rows and columns of a transposed tile.
    private static final int TILE = 32;

    private final Workers workers;
    private final Elementwise plain = new PlainElementwise();
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    public VectorElementwise(Workers workers) {
        this.workers = workers;
    }

    private static long at(Tensor x, int row, int column) {
        return x.address(row) + 4L * column;
    }

    /// Whether two tensors of `rows` rows are one long row each.
    private static boolean flat(Tensor a, Tensor b) {
        return a.isContiguous() && b.isContiguous() && a.elements() <= Integer.MAX_VALUE;
    }

    private static boolean flat(Tensor a, Tensor b, Tensor c) {
        return flat(a, b) && c.isContiguous();
    }

    private void each(boolean flat, Tensor like, int least, Stretches.Body body) {
        if (flat) {
            Stretches.each(workers, 1, (int) like.elements(), least, body);
        } else {
            Stretches.each(workers, like.rows(), like.columns(), least, body);
        }
    }

    @Override
    public void copy(Tensor y, Tensor x) {
        if (!f32(y, x)) {
            plain.copy(y, x);
            return;
        }
        each(flat(y, x), y, LIGHT, (t, d, n) -> Memory.copy(at(y, t, d), at(x, t, d), 4L * n));
    }

    @Override
    public void add(Tensor y, Tensor a, Tensor b, float scale) {
        if (!f32(y, a, b)) {
            plain.add(y, a, b, scale);
            return;
        }
        each(flat(y, a, b), y, LIGHT, (t, d, n) -> Arithmetic.add(at(y, t, d), at(a, t, d), at(b, t, d), scale, n));
    }

    @Override
    public void scale(Tensor y, Tensor x, float scale) {
        if (!f32(y, x)) {
            plain.scale(y, x, scale);
            return;
        }
        each(flat(y, x), y, LIGHT, (t, d, n) -> Arithmetic.scale(at(y, t, d), at(x, t, d), scale, n));
    }

    @Override
    public void multiply(Tensor y, Tensor a, Tensor b) {
        if (!f32(y, a, b)) {
            plain.multiply(y, a, b);
            return;
        }
        each(flat(y, a, b), y, LIGHT, (t, d, n) -> Arithmetic.multiply(at(y, t, d), at(a, t, d), at(b, t, d), n));
    }

    @Override
    public void addRow(Tensor y, Tensor x, Tensor row) {
        if (!f32(y, x, row)) {
            plain.addRow(y, x, row);
            return;
        }
        each(false, y, LIGHT, (t, d, n) -> Arithmetic.add(at(y, t, d), at(x, t, d), at(row, 0, d), n));
    }

    @Override
    public void multiplyRow(Tensor y, Tensor x, Tensor row) {
        if (!f32(y, x, row)) {
            plain.multiplyRow(y, x, row);
            return;
        }
        each(false, y, LIGHT, (t, d, n) -> Arithmetic.multiply(at(y, t, d), at(x, t, d), at(row, 0, d), n));
    }

    @Override
    public void activate(Tensor y, Tensor x, Activation activation) {
        if (!f32(y, x)) {
            plain.activate(y, x, activation);
            return;
        }
        each(flat(y, x), y, HEAVY, (t, d, n) -> Activations.apply(activation, at(y, t, d), at(x, t, d), n));
    }

    @Override
    public void gate(Tensor y, Tensor gate, Tensor up, Activation activation) {
        if (!f32(y, gate, up)) {
            plain.gate(y, gate, up, activation);
            return;
        }
        each(flat(y, gate, up), y, HEAVY, (t, d, n) -> {
            long act = scratch.get().address(4L * BLOCK);
            for (int i = 0; i < n; i += BLOCK) {
                int m = Math.min(BLOCK, n - i);
                Activations.apply(activation, act, at(gate, t, d + i), m);
                Arithmetic.multiply(at(y, t, d + i), act, at(up, t, d + i), m);
            }
        });
    }

    @Override
    public void softcap(Tensor y, Tensor x, float cap) {
        if (!f32(y, x)) {
            plain.softcap(y, x, cap);
            return;
        }
        each(flat(y, x), y, HEAVY, (t, d, n) -> Arithmetic.softcap(at(y, t, d), at(x, t, d), cap, n));
    }

    @Override
    public void negativeExp(Tensor y, Tensor x) {
        if (!f32(y, x)) {
            plain.negativeExp(y, x);
            return;
        }
        each(flat(y, x), y, HEAVY, (t, d, n) -> Arithmetic.negativeExp(at(y, t, d), at(x, t, d), n));
    }

    @Override
    public void transpose(Tensor y, Tensor x) {
        if (!f32(y, x)) {
            plain.transpose(y, x);
            return;
        }
        tiles(y, x, false);
    }

    @Override
    public void addTransposed(Tensor y, Tensor x) {
        if (!f32(y, x)) {
            plain.addTransposed(y, x);
            return;
        }
        tiles(y, x, true);
    }

    /// Tiles small enough that the cache lines of both sides stay near.
    private void tiles(Tensor y, Tensor x, boolean add) {
        int rows = y.rows();
        int columns = y.columns();
        int grain = Math.ceilDiv(LIGHT, TILE * Math.max(1, columns));
        workers.forRange(Math.ceilDiv(rows, TILE), grain, (from, to) -> {
            int end = Math.min(to * TILE, rows);
            for (int t = from * TILE; t < end; t += TILE) {
                for (int d = 0; d < columns; d += TILE) {
                    tile(y, x, add, t, Math.min(t + TILE, end), d, Math.min(d + TILE, columns));
                }
            }
        });
    }

    private static void tile(Tensor y, Tensor x, boolean add, int fromRow, int toRow, int fromColumn, int toColumn) {
        long xBytes = x.rowBytes();
        for (int t = fromRow; t < toRow; t++) {
            long to = y.address(t);
            long from = x.address() + 4L * t;
            for (int d = fromColumn; d < toColumn; d++) {
                float value = Memory.f32(from + d * xBytes);
                Memory.f32(to + 4L * d, add ? Memory.f32(to + 4L * d) + value : value);
            }
        }
    }

    @Override
    public void activateGradient(Tensor dx, Tensor dy, Tensor x, Activation activation) {
        if (!f32(dx, dy, x)) {
            plain.activateGradient(dx, dy, x, activation);
            return;
        }
        each(flat(dx, dy, x), dx, HEAVY, (t, d, n) -> {
            long slope = scratch.get().address(4L * BLOCK);
            for (int i = 0; i < n; i += BLOCK) {
                int m = Math.min(BLOCK, n - i);
                ActivationDerivatives.apply(activation, slope, at(x, t, d + i), m);
                Arithmetic.addProduct(at(dx, t, d + i), slope, at(dy, t, d + i), m);
            }
        });
    }

    @Override
    public void gateGradient(Tensor dGate, Tensor dUp, Tensor dy, Tensor gate, Tensor up, Activation activation) {
        if (!f32(dGate, dUp, dy) || !f32(gate, up)) {
            plain.gateGradient(dGate, dUp, dy, gate, up, activation);
            return;
        }
        Stretches.each(workers, dy.rows(), dy.columns(), HEAVY, (t, d, n) -> {
            long act = scratch.get().address(4L * BLOCK);
            for (int i = 0; i < n; i += BLOCK) {
                int m = Math.min(BLOCK, n - i);
                Activations.apply(activation, act, at(gate, t, d + i), m);
                Arithmetic.addProduct(at(dUp, t, d + i), act, at(dy, t, d + i), m);
                ActivationDerivatives.apply(activation, act, at(gate, t, d + i), m);
                Arithmetic.multiply(act, act, at(up, t, d + i), m);
                Arithmetic.addProduct(at(dGate, t, d + i), act, at(dy, t, d + i), m);
            }
        });
    }

    @Override
    public void sumRows(Tensor dRow, Tensor dy) {
        if (!f32(dRow, dy)) {
            plain.sumRows(dRow, dy);
            return;
        }
        Stretches.columns(workers, dy.rows(), dy.columns(), LIGHT, (t, d, n) ->
                RowSums.add(at(dRow, 0, d), dy.address() + 4L * d, dy.rowBytes(), dy.rows(), n));
    }
}
