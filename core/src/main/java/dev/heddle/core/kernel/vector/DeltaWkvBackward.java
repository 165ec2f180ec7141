package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.DeltaWkv.Inputs;
import dev.heddle.core.kernel.DeltaWkv.Shape;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// The backward of one head of one segment of [VectorDeltaWkv]. With D the gradient of the state after row t, the row's own
/// r⊗dy added, held = S[t−1]ᵀ·κ and α = exp(g),
///
/// dr = S[t]·dy; dk = D·v; dv = Dᵀ·k; dg[i] = α[i]·Σ_j D[i,j]·S[t−1,i,j]; dHeld = −Dᵀ·(a⊙κ);
/// da = −κ⊙(D·held); dκ = −a⊙(D·held) + S[t−1]·dHeld; D ← α·D + κ⊗dHeld.
///
/// @param gradients to add to
record DeltaWkvBackward(Shape shape, Inputs gradients, Tensor dy, Inputs in, Tensor initialState, Segments segments) {
    void head(Scratch scratch, int s, int h) {
        int width = MatrixBackward.strip(shape.keyDim(), shape.valueDim());
        for (int j = 0; j < shape.valueDim(); j += width) {
            strip(scratch, s, h, j, Math.min(width, shape.valueDim() - j));
        }
    }

    /// Columns `j` to `j` + `width`.
    private void strip(Scratch scratch, int s, int h, int j, int width) {
        int keys = shape.keyDim();
        MatrixBackward walk = new MatrixBackward(scratch, segments.length(s), keys, width, 0);
        long change = walk.keyed(0);
        long other = walk.keyed(1);
        long row = walk.keyed(2);
        long held = walk.valued(0);
        long dv = walk.valued(1);
        long dHeld = walk.valued(2);
        long head = 4L * h * keys;
        long column = 4L * (h * shape.valueDim() + j);
        walk.load(initialState.address(segments.slots()[s]) + head * shape.valueDim() + 4L * j, shape.valueDim());
        walk.run(segments.start(s), segments.end(s), (state, t) -> {
            position(change, other, t, h);
            walk.down(held, state, in.removal().address(t) + head);
            MatrixState.replace(state, keys, width, change, in.k().address(t) + head, in.v().address(t) + column, other, held,
                    in.r().address(t) + head, dv);
        }, (gradient, before, after, t) -> {
            position(change, other, t, h);
            long removal = in.removal().address(t) + head;
            long out = dy.address(t) + column;
            walk.down(held, before, removal);
            walk.across(row, after, out);
            Rows.add(gradients.r().address(t) + head, row, keys, 1);
            walk.write(gradient, in.r().address(t) + head, out);
            walk.both(row, gradient, before);
            Rows.addProduct(row, row, change, keys);
            Rows.add(gradients.logDecay().address(t) + head, row, keys, 1);
            walk.across(row, gradient, in.v().address(t) + column);
            Rows.add(gradients.k().address(t) + head, row, keys, 1);
            walk.down(dv, gradient, in.k().address(t) + head);
            Rows.add(gradients.v().address(t) + column, dv, width, 1);
            walk.down(dHeld, gradient, other);
            Rows.scale(dHeld, dHeld, width, -1);
            walk.across(row, gradient, held);
            Rows.scale(row, row, keys, -1);
            Rows.addProduct(gradients.removal().address(t) + head, row, in.rate().address(t) + head, keys);
            Rows.addProduct(gradients.rate().address(t) + head, row, removal, keys);
            walk.across(row, before, dHeld);
            Rows.add(gradients.removal().address(t) + head, row, keys, 1);
            walk.advance(gradient, change, removal, dHeld);
        });
    }

    /// α − 1 and a⊙κ of row `t`.
    private void position(long change, long other, int t, int h) {
        int keys = shape.keyDim();
        PerKey.copy(change, in.logDecay(), t, h, shape.heads(), keys);
        Decays.expMinusOne(change, keys, other);
        for (int i = 0; i < keys; i++) {
            long at = 4L * (h * keys + i);
            Memory.f32(other + 4L * i, Memory.f32(in.removal().address(t) + at) * Memory.f32(in.rate().address(t) + at));
        }
    }
}
