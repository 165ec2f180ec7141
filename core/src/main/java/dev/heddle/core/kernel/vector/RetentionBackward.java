package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.Retention.Gradients;
import dev.heddle.core.kernel.Retention.Shape;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// The backward of one head of one segment of [VectorRetention]. With D the gradient of the state after row t, the row's own
/// c·q⊗dy added: dq = c·(S[t]·dy); dk = D·v; dv = Dᵀ·k; D ← γ·D.
///
/// @param gradients to add to
record RetentionBackward(Shape shape, Gradients gradients, Tensor dy, Tensor q, Tensor k, Tensor v, Tensor initialState,
        Segments segments) {
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
        long row = walk.keyed(1);
        long out = walk.valued(0);
        long dv = walk.valued(1);
        float difference = (float) Math.expm1(shape.logDecay()[h]);
        for (int i = 0; i < keys; i++) {
            Memory.f32(change + 4L * i, difference);
        }
        long head = 4L * h * keys;
        long column = 4L * (h * shape.valueDim() + j);
        long position = segments.positions()[s] - segments.start(s);
        walk.load(initialState.address(segments.slots()[s]) + head * shape.valueDim() + 4L * j, shape.valueDim());
        walk.run(segments.start(s), segments.end(s),
                (state, t) -> walk.advance(state, change, k.address(t) + head, v.address(t) + column),
                (gradient, _, after, t) -> {
                    Rows.scale(out, dy.address(t) + column, width, (float) shape.rowScale(h, position + t));
                    walk.across(row, after, out);
                    Rows.add(gradients.q().address(t) + head, row, keys, 1);
                    walk.write(gradient, q.address(t) + head, out);
                    walk.across(row, gradient, v.address(t) + column);
                    Rows.add(gradients.k().address(t) + head, row, keys, 1);
                    walk.down(dv, gradient, k.address(t) + head);
                    Rows.add(gradients.v().address(t) + column, dv, width, 1);
                    walk.decay(gradient, change);
                });
    }
}
