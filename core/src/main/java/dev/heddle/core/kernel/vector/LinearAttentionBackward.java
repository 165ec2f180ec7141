package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.LinearAttention.Gradients;
import dev.heddle.core.kernel.LinearAttention.Shape;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// The backward of one head of one segment of [VectorLinearAttention]. With n the divisor, o = dy/n, D and dz the gradients of
/// the sums after row t, what the row itself reads added (D += q⊗o, dz += dn·q):
///
/// dn = −o·y; dq = S[t]·o + dn·z[t]; dk = D·v + dz; dv = Dᵀ·k.
///
/// @param gradients to add to
record LinearAttentionBackward(Shape shape, Gradients gradients, Tensor dy, Tensor q, Tensor k, Tensor v, Tensor initialState,
        Segments segments) {
    void head(Scratch scratch, int s, int h) {
        int width = MatrixBackward.strip(shape.keyDim(), shape.valueDim());
        for (int j = 0; j < shape.valueDim(); j += width) {
            strip(scratch, s, h, j, Math.min(width, shape.valueDim() - j));
        }
    }

    /// Columns `j` to `j` + `width`; the sums of keys and their gradient lie past the matrix.
    private void strip(Scratch scratch, int s, int h, int j, int width) {
        int keys = shape.keyDim();
        MatrixBackward walk = new MatrixBackward(scratch, segments.length(s), keys, width, keys);
        long row = walk.keyed(0);
        long out = walk.valued(0);
        long y = walk.valued(1);
        long sums = 4L * keys * width;
        long head = 4L * h * keys;
        long column = 4L * (h * shape.valueDim() + j);
        long home = initialState.address(segments.slots()[s]);
        walk.load(home + head * shape.valueDim() + 4L * j, shape.valueDim());
        Memory.copy(walk.initial() + sums, home + 4L * shape.heads() * keys * shape.valueDim() + head, 4L * keys);
        walk.run(segments.start(s), segments.end(s), (state, t) -> {
            walk.write(state, k.address(t) + head, v.address(t) + column);
            Rows.add(state + sums, k.address(t) + head, keys, 1);
        }, (gradient, _, after, t) -> {
            long query = q.address(t) + head;
            float divisor = shape.normalised() ? shape.epsilon() + Rows.dot(query, after + sums, keys) : 1;
            Rows.scale(out, dy.address(t) + column, width, 1 / divisor);
            walk.across(row, after, out);
            walk.write(gradient, query, out);
            if (shape.normalised()) {
                walk.down(y, after, query);
                float dDivisor = -Rows.dot(out, y, width) / divisor;
                Rows.add(row, after + sums, keys, dDivisor);
                Rows.add(gradient + sums, query, keys, dDivisor);
            }
            Rows.add(gradients.q().address(t) + head, row, keys, 1);
            walk.across(row, gradient, v.address(t) + column);
            Rows.add(row, gradient + sums, keys, 1);
            Rows.add(gradients.k().address(t) + head, row, keys, 1);
            walk.down(y, gradient, k.address(t) + head);
            Rows.add(gradients.v().address(t) + column, y, width, 1);
        });
    }
}
