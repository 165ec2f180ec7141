package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.kernel.Attention.Shape;
import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// One query's scores against one block of keys, and the online softmax over blocks (Milakov & Gimelshein 2018):
/// a query keeps the largest score m so far, l = Σ e^(score − m), and its weighted values relative to m.
final class ScoreRow {
    /// Keys of a block; blocks begin at multiples of it.
    static final int BLOCK = 64;

    private ScoreRow() {
    }

    /// Start of the first block that the query at `position` sees, apart from those of the sinks.
    static long firstBlock(Shape shape, long position) {
        return shape.window() == 0 ? 0 : Math.max(0, position - shape.window() + 1) / BLOCK * BLOCK;
    }

    /// Start of the block that follows the one at `start` for a query that has no need of blocks before `first`
    /// except those of the sinks.
    static long nextBlock(Shape shape, long start, long first) {
        long next = start + BLOCK;
        return next >= shape.sinks() ? Math.max(next, first) : next;
    }

    /// Keys of the block at `start` up to the query's own position.
    static int end(long position, long start) {
        return Math.clamp(position + 1 - start, 0, BLOCK);
    }

    /// Turns dot products into scores: s·scale, softcap, ALiBi; −∞ for keys the query does not see.
    static void finish(Shape shape, long s, int head, long position, long start) {
        Arithmetic.scale(s, s, shape.scale(), BLOCK);
        bend(shape, s, head, position, start);
    }

    /// The same for products that are scaled already.
    static void bend(Shape shape, long s, int head, long position, long start) {
        if (shape.softcap() > 0) {
            Arithmetic.softcap(s, s, shape.softcap(), BLOCK);
        }
        if (shape.alibi()) {
            subtractDistance(s, shape.slope(head), position - start);
        }
        hide(shape, s, position, start);
    }

    /// s[i] −= slope · (distance − i).
    private static void subtractDistance(long s, float slope, float distance) {
        for (int i = 0; i < BLOCK; i += Lanes.COUNT) {
            FloatVector away = FloatVector.zero(F).addIndex(1).add(i - distance);
            store(away.mul(slope).add(load(s + 4L * i)), s + 4L * i);
        }
    }

    private static void hide(Shape shape, long s, long position, long start) {
        int from = 0;
        int first = 0;
        if (shape.window() > 0) {
            from = Math.clamp(shape.sinks() - start, 0, BLOCK);
            first = Math.clamp(position - shape.window() + 1 - start, 0, BLOCK);
        }
        for (int i = from; i < first; i++) {
            Memory.f32(s + 4L * i, Float.NEGATIVE_INFINITY);
        }
        for (int i = end(position, start); i < BLOCK; i++) {
            Memory.f32(s + 4L * i, Float.NEGATIVE_INFINITY);
        }
    }

    /// Replaces the scores by their weights e^(score − m) and brings m, l and the values up to date.
    ///
    /// @param state  m, then l
    /// @param values f32 [valueDim], what the query has gathered so far
    static void weigh(long s, long state, long values, int valueDim) {
        float max = SoftmaxRows.max(s, BLOCK);
        float before = Memory.f32(state);
        float sum = Memory.f32(state + 4);
        if (max > before) {
            float factor = VectorMath.exp(before - max);
            Arithmetic.scale(values, values, factor, valueDim);
            sum *= factor;
            before = max;
        }
        Memory.f32(state, before);
        Memory.f32(state + 4, sum + exp(s, before, BLOCK));
    }

    /// Replaces `n` scores by their weights e^(score − m), m the largest of them, and notes m and l.
    ///
    /// @param n a multiple of [#BLOCK]; not all of the scores are −∞
    static void soften(long s, int n, long state) {
        float max = SoftmaxRows.max(s, n);
        Memory.f32(state, max);
        Memory.f32(state + 4, exp(s, max, n));
    }

    /// s[i] = e^(s[i] − max) for `n` scores, a multiple of [#BLOCK]; returns their sum.
    ///
    /// [VectorMath#exp] spelled out, for two vectors: so the method is too long to be taken into another, where there may be no
    /// room left for what it calls.
    private static float exp(long s, float max, int n) {
        FloatVector top = FloatVector.broadcast(F, max);
        FloatVector sum = FloatVector.zero(F);
        for (int i = 0; i < n; i += 2 * COUNT) {
            long at = s + 4L * i & USER;
            FloatVector x = FloatVector.fromMemorySegment(F, ALL, at, ORDER).sub(top);
            FloatVector y = FloatVector.fromMemorySegment(F, ALL, at + 4 * COUNT, ORDER).sub(top);
            x = x.blend(-104f, x.compare(VectorOperators.LT, -104f)); // no score is above the largest
            y = y.blend(-104f, y.compare(VectorOperators.LT, -104f));
            FloatVector xt = x.fma(FloatVector.broadcast(F, VectorMath.LOG2_E), FloatVector.broadcast(F, VectorMath.ROUND));
            FloatVector yt = y.fma(FloatVector.broadcast(F, VectorMath.LOG2_E), FloatVector.broadcast(F, VectorMath.ROUND));
            FloatVector xn = xt.sub(VectorMath.ROUND);
            FloatVector yn = yt.sub(VectorMath.ROUND);
            x = xn.fma(FloatVector.broadcast(F, -VectorMath.LN_2), x);
            y = yn.fma(FloatVector.broadcast(F, -VectorMath.LN_2), y);
            x = xn.fma(FloatVector.broadcast(F, -VectorMath.LN_2_REST), x);
            y = yn.fma(FloatVector.broadcast(F, -VectorMath.LN_2_REST), y);
            FloatVector xp = x.fma(FloatVector.broadcast(F, 0x1.6a4720p-10f), FloatVector.broadcast(F, 0x1.1239a0p-7f));
            FloatVector yp = y.fma(FloatVector.broadcast(F, 0x1.6a4720p-10f), FloatVector.broadcast(F, 0x1.1239a0p-7f));
            xp = xp.fma(x, FloatVector.broadcast(F, 0x1.5558b6p-5f));
            yp = yp.fma(y, FloatVector.broadcast(F, 0x1.5558b6p-5f));
            xp = xp.fma(x, FloatVector.broadcast(F, 0x1.555492p-3f));
            yp = yp.fma(y, FloatVector.broadcast(F, 0x1.555492p-3f));
            xp = xp.fma(x, FloatVector.broadcast(F, 0x1.fffffcp-2f));
            yp = yp.fma(y, FloatVector.broadcast(F, 0x1.fffffcp-2f));
            xp = xp.fma(x, FloatVector.broadcast(F, 1f));
            yp = yp.fma(y, FloatVector.broadcast(F, 1f));
            xp = xp.fma(x, FloatVector.broadcast(F, 1f));
            yp = yp.fma(y, FloatVector.broadcast(F, 1f));
            IntVector xk = xt.reinterpretAsInts().sub(VectorMath.ROUND_BITS);
            IntVector yk = yt.reinterpretAsInts().sub(VectorMath.ROUND_BITS);
            IntVector xh = xk.lanewise(VectorOperators.ASHR, 1);
            IntVector yh = yk.lanewise(VectorOperators.ASHR, 1);
            xp = xp.mul(xh.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
            yp = yp.mul(yh.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
            xp = xp.mul(xk.sub(xh).add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
            yp = yp.mul(yk.sub(yh).add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
            xp.intoMemorySegment(ALL, at, ORDER);
            yp.intoMemorySegment(ALL, at + 4 * COUNT, ORDER);
            sum = sum.add(xp).add(yp);
        }
        return Lanes.sum(sum);
    }

    /// Backward of the softmax of one query in one block: s becomes its weights p = e^(s − max)/l, and `slope`, which
    /// holds dy·v, becomes p·(dy·v − mean)·scale.
    static void slopes(long s, long slope, float max, float inverseSum, float mean, float scale) {
        for (int i = 0; i < BLOCK; i += Lanes.COUNT) {
            FloatVector p = VectorMath.exp(load(s + 4L * i).sub(max)).mul(inverseSum);
            store(p, s + 4L * i);
            store(load(slope + 4L * i).sub(mean).mul(p).mul(scale), slope + 4L * i);
        }
    }
}
