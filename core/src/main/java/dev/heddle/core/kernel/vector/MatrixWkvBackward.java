package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.MatrixWkv.Gradients;
import dev.heddle.core.kernel.MatrixWkv.Shape;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// The backward of one head of [VectorMatrixWkv]. With D the gradient of the state after row t and α = exp(g),
///
/// dr = S[t−1]·dy + (dy·v)·u⊙k; dk = D·v + (dy·v)·r⊙u; dv = Dᵀ·k + (Σ r·u·k)·dy; du = (dy·v)·r⊙k;
/// dg[i] = α[i]·Σ_j D[i,j]·S[t−1,i,j]; D ← α·D + r⊗dy.
///
/// @param gradients to add to
record MatrixWkvBackward(Shape shape, Gradients gradients, Tensor dy, Tensor r, Tensor k, Tensor v, Tensor logDecay, Tensor bonus,
        Tensor initialState, Segments segments) {
    /// Adds the gradients of all rows of a head: its decay and bonus may be shared by all of them.
    void head(Scratch scratch, int h) {
        int keys = shape.keyDim();
        int width = MatrixBackward.strip(keys, shape.valueDim());
        for (int s = 0; s < segments.count(); s++) {
            for (int j = 0; j < shape.valueDim(); j += width) {
                strip(scratch, h, s, j, Math.min(width, shape.valueDim() - j));
            }
        }
    }

    private boolean fixed() {
        return logDecay.elements() == logDecay.columns();
    }

    /// Columns `j` to `j` + `width` of segment `s`.
    private void strip(Scratch scratch, int h, int s, int j, int width) {
        int keys = shape.keyDim();
        MatrixBackward walk = new MatrixBackward(scratch, segments.length(s), keys, width, 0);
        long change = walk.keyed(0);
        long u = walk.keyed(1);
        long row = walk.keyed(2);
        long dDecay = walk.keyed(3);
        long dBonus = walk.keyed(4);
        long spare = walk.keyed(5);
        long dv = walk.valued(0);
        PerKey.copy(u, bonus, 0, h, shape.heads(), keys);
        ConvolutionRows.zero(dDecay, keys);
        ConvolutionRows.zero(dBonus, keys);
        if (fixed()) {
            change(change, spare, 0, h);
        }
        long column = 4L * (h * shape.valueDim() + j);
        walk.load(initialState.address(segments.slots()[s]) + 4L * h * keys * shape.valueDim() + 4L * j, shape.valueDim());
        walk.run(segments.start(s), segments.end(s), (state, t) -> {
            if (!fixed()) {
                change(change, spare, t, h);
            }
            walk.advance(state, change, k.address(t) + 4L * h * keys, v.address(t) + column);
        }, (gradient, before, _, t) -> {
            if (!fixed()) {
                change(change, spare, t, h);
            }
            long rt = r.address(t) + 4L * h * keys;
            long kt = k.address(t) + 4L * h * keys;
            long vt = v.address(t) + column;
            long out = dy.address(t) + column;
            float along = Rows.dot(out, vt, width);
            walk.across(row, before, out);
            present(gradients.r().address(t) + 4L * h * keys, row, u, kt, along, keys);
            walk.across(row, gradient, vt);
            present(gradients.k().address(t) + 4L * h * keys, row, u, rt, along, keys);
            walk.down(dv, gradient, kt);
            Rows.add(dv, out, width, VectorMatrixWkv.weight(rt, u, kt, keys));
            Rows.add(gradients.v().address(t) + column, dv, width, 1);
            walk.both(row, gradient, before);
            for (int i = 0; i < keys; i++) {
                float part = Memory.f32(row + 4L * i);
                Memory.f32(row + 4L * i, Math.fma(part, Memory.f32(change + 4L * i), part));
                Memory.f32(dBonus + 4L * i, Math.fma(along * Memory.f32(rt + 4L * i), Memory.f32(kt + 4L * i), Memory.f32(dBonus + 4L * i)));
            }
            if (fixed()) {
                Rows.add(dDecay, row, keys, 1);
            } else {
                PerKey.add(gradients.logDecay(), t, h, shape.heads(), keys, row);
            }
            walk.advance(gradient, change, rt, out);
        });
        if (fixed()) {
            PerKey.add(gradients.logDecay(), 0, h, shape.heads(), keys, dDecay);
        }
        PerKey.add(gradients.bonus(), 0, h, shape.heads(), keys, dBonus);
    }

    /// α − 1 of row `t`.
    private void change(long change, long spare, int t, int h) {
        PerKey.copy(change, logDecay, t, h, shape.heads(), shape.keyDim());
        Decays.expMinusOne(change, shape.keyDim(), spare);
    }

    /// to += row + along·u⊙x.
    private static void present(long to, long row, long u, long x, float along, int keys) {
        for (int i = 0; i < keys; i++) {
            float sum = Math.fma(along * Memory.f32(u + 4L * i), Memory.f32(x + 4L * i), Memory.f32(row + 4L * i));
            Memory.f32(to + 4L * i, Memory.f32(to + 4L * i) + sum);
        }
    }
}
