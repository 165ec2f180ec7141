package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.GatedDeltaRule.Inputs;
import dev.heddle.core.kernel.GatedDeltaRule.Shape;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// The backward of the heads of one segment that read one key head, of [VectorGatedDeltaRule]. With D the gradient of the
/// state after row t, the row's own q⊗dy added, α = exp(g), e = v − S[t−1]ᵀ·(α⊙k) and w = Dᵀ·k,
///
/// dq = S[t]·dy; dv = β·w; dβ = w·e; dk = β·(D·e) − α⊙(S[t−1]·dv);
/// dg[i] = α[i]·(Σ_j D[i,j]·S[t−1,i,j] − k[i]·Σ_j S[t−1,i,j]·dv[j]); D ← α·(D − k⊗dv).
///
/// @param gradients to add to
record GatedDeltaRuleBackward(Shape shape, Inputs gradients, Tensor dy, Inputs in, Tensor initialState, Segments segments) {
    void keyHead(Scratch scratch, int s, int keyHead) {
        int group = shape.heads() / shape.keyHeads();
        int width = MatrixBackward.strip(shape.keyDim(), shape.valueDim());
        for (int i = 0; i < group; i++) {
            int h = shape.valueHead(keyHead, i);
            for (int j = 0; j < shape.valueDim(); j += width) {
                strip(scratch, s, h, j, Math.min(width, shape.valueDim() - j));
            }
        }
    }

    /// Columns `j` to `j` + `width` of head `h`.
    private void strip(Scratch scratch, int s, int h, int j, int width) {
        int keys = shape.keyDim();
        MatrixBackward walk = new MatrixBackward(scratch, segments.length(s), keys, width, 0);
        long change = walk.keyed(0);
        long decayed = walk.keyed(1);
        long row = walk.keyed(2);
        long through = walk.keyed(3);
        long e = walk.valued(0);
        long dv = walk.valued(1);
        long head = 4L * shape.keyHead(h) * keys;
        long column = 4L * (h * shape.valueDim() + j);
        walk.load(initialState.address(segments.slots()[s]) + 4L * h * keys * shape.valueDim() + 4L * j, shape.valueDim());
        walk.run(segments.start(s), segments.end(s), (state, t) -> {
            position(change, decayed, t, h);
            walk.down(e, state, decayed);
            correct(e, in.v().address(t) + column, width, rate(t, h));
            walk.advance(state, change, in.k().address(t) + head, e);
        }, (gradient, before, after, t) -> {
            position(change, decayed, t, h);
            long out = dy.address(t) + column;
            long key = in.k().address(t) + head;
            long dk = gradients.k().address(t) + head;
            float rate = rate(t, h);
            walk.down(e, before, decayed);
            correct(e, in.v().address(t) + column, width, 1);
            walk.across(row, after, out);
            Rows.add(gradients.q().address(t) + head, row, keys, 1);
            walk.write(gradient, in.q().address(t) + head, out);
            walk.across(row, gradient, e);
            Rows.add(dk, row, keys, rate);
            walk.down(dv, gradient, key);
            long dRate = gradients.rate().address(t) + 4L * h;
            Memory.f32(dRate, Memory.f32(dRate) + Rows.dot(dv, e, width));
            Rows.scale(dv, dv, width, rate);
            Rows.add(gradients.v().address(t) + column, dv, width, 1);
            walk.both(row, gradient, before);
            walk.across(through, before, dv);
            for (int i = 0; i < keys; i++) {
                float c = Memory.f32(change + 4L * i);
                float k = Memory.f32(key + 4L * i);
                float part = Memory.f32(through + 4L * i);
                Memory.f32(dk + 4L * i, Memory.f32(dk + 4L * i) - Math.fma(part, c, part));
                float decay = Math.fma(-k, part, Memory.f32(row + 4L * i));
                Memory.f32(row + 4L * i, Math.fma(decay, c, decay));
                Memory.f32(decayed + 4L * i, -Memory.f32(decayed + 4L * i));
            }
            PerKey.add(gradients.logDecay(), t, h, shape.heads(), keys, row);
            walk.advance(gradient, change, decayed, dv);
        });
    }

    private float rate(int t, int h) {
        return Memory.f32(in.rate().address(t) + 4L * h);
    }

    /// held ← rate·(v − held).
    private static void correct(long held, long v, int width, float rate) {
        for (int j = 0; j < width; j++) {
            Memory.f32(held + 4L * j, rate * (Memory.f32(v + 4L * j) - Memory.f32(held + 4L * j)));
        }
    }

    /// α − 1 and α⊙k of row `t`.
    private void position(long change, long decayed, int t, int h) {
        int keys = shape.keyDim();
        PerKey.copy(change, in.logDecay(), t, h, shape.heads(), keys);
        Decays.expMinusOne(change, keys, decayed);
        long key = in.k().address(t) + 4L * shape.keyHead(h) * keys;
        for (int i = 0; i < keys; i++) {
            float k = Memory.f32(key + 4L * i);
            Memory.f32(decayed + 4L * i, Math.fma(k, Memory.f32(change + 4L * i), k));
        }
    }
}
