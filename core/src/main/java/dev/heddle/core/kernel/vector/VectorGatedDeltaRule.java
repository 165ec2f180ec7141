package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.GatedDeltaRule;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [GatedDeltaRule] on the Vector API; threads take heads.
///
/// With one decay a head, segments of more than one row run in blocks (Yang et al. 2024, section 3.3): what each row writes,
/// e[t] = β[t]·(v[t] − Σ_m k[t,m]·P[t,m]), follows from the state S before the block by forward substitution,
///
/// e[t] = β[t]·(v[t] − α[0]·…·α[t]·(k[t]·S) − Σ_{s<t} L[t,s]·(k[t]·k[s])·e[s]),
///
/// and the rest is [DecayBlock] with u = e. Everything else goes step by step.
public final class VectorGatedDeltaRule implements GatedDeltaRule {
    private final Workers workers;
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    public VectorGatedDeltaRule(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void forward(Shape shape, Tensor y, Inputs in, Tensor state, Segments segments) {
        boolean perHead = in.logDecay().columns() == shape.heads();
        Blocks blocks = Blocks.of(segments, Decays.BLOCK, Decays.BLOCK);
        workers.forRange(segments.count() * shape.heads(), 1, (from, to) -> {
            for (int i = from; i < to; i++) {
                int segment = i / shape.heads();
                int head = i % shape.heads();
                long home = state.address(segments.slots()[segment]) + 4L * head * shape.keyDim() * shape.valueDim();
                if (perHead && segments.length(segment) > 1) {
                    blocks(shape, y, in, home, blocks, segment, head);
                } else {
                    steps(shape, y, in, home, segments.start(segment), segments.end(segment), head);
                }
            }
        });
    }

    private void steps(Shape shape, Tensor y, Inputs in, long s, int from, int to, int head) {
        int keys = shape.keyDim();
        int values = shape.valueDim();
        long bytes = 4L * Rows.padded(keys);
        long change = scratch.get().address(2 * bytes + 4L * values);
        long weight = change + bytes;
        long e = weight + bytes;
        for (int t = from; t < to; t++) {
            long key = in.k().address(t) + 4L * shape.keyHead(head) * keys;
            PerKey.copy(change, in.logDecay(), t, head, shape.heads(), keys);
            Decays.expMinusOne(change, keys, weight);
            for (int i = 0; i < keys; i++) {
                float k = Memory.f32(key + 4L * i);
                Memory.f32(weight + 4L * i, Math.fma(k, Memory.f32(change + 4L * i), k));
            }
            MatrixState.read(s, keys, values, weight, e);
            correct(e, e, in.v().address(t) + 4L * head * values, values, 1, rate(in, t, head));
            MatrixState.advance(s, keys, values, change, key, e, in.q().address(t) + 4L * shape.keyHead(head) * keys, false,
                    y.address(t) + 4L * head * values);
        }
    }

    private static float rate(Inputs in, int t, int head) {
        return Memory.f32(in.rate().address(t) + 4L * head);
    }

    /// e = rate·(v − decay·held).
    private static void correct(long e, long held, long v, int values, float decay, float rate) {
        for (int j = 0; j < values; j++) {
            Memory.f32(e + 4L * j, rate * Math.fma(-decay, Memory.f32(held + 4L * j), Memory.f32(v + 4L * j)));
        }
    }

    private void blocks(Shape shape, Tensor y, Inputs in, long home, Blocks blocks, int segment, int head) {
        int keys = shape.keyDim();
        int values = shape.valueDim();
        int padded = Rows.padded(values);
        long sums = scratch.get().address(DecayBlock.SUMS_BYTES + 2 * Decays.ROW + 2 * Decays.BLOCK * Decays.ROW
                + DecayBlock.bytes(padded) + 4L * keys * padded);
        long alpha = sums + DecayBlock.SUMS_BYTES;
        long one = alpha + Decays.ROW;
        long scores = one + Decays.ROW;
        long overlaps = scores + Decays.BLOCK * Decays.ROW;
        long memory = overlaps + Decays.BLOCK * Decays.ROW;
        Memory.f32(one, 1);
        DecayBlock matrices = new DecayBlock(memory, padded);
        long s = values == padded ? home : memory + DecayBlock.bytes(padded);
        if (s != home) {
            Rows.pad(s, home, 4L * values, keys, values);
        }
        for (int block = blocks.first()[segment]; block < blocks.first()[segment + 1]; block++) {
            int from = blocks.from()[block];
            int rows = blocks.rows(block);
            long query = in.q().address(from) + 4L * shape.keyHead(head) * keys;
            long key = in.k().address(from) + 4L * shape.keyHead(head) * keys;
            long keyBytes = in.k().rowBytes();
            for (int t = 0; t < Decays.BLOCK; t++) {
                Memory.f32(alpha + 4L * t, t < rows ? Memory.f32(in.logDecay().address(from + t) + 4L * head) : 0);
            }
            Decays.exp(alpha, alpha, rows);
            matrices.decays(alpha, rows);
            DecayBlock.scores(scores, query, in.q().rowBytes(), key, keyBytes, rows, keys, sums);
            DecayBlock.scores(overlaps, key, keyBytes, key, keyBytes, rows, keys, sums);
            BlockProduct.add(matrices.u(0), matrices.rowBytes(), BlockProduct.FRESH, 0, rows, padded, key, keyBytes, 4, s,
                    matrices.rowBytes(), keys);
            for (int t = 0; t < rows; t++) {
                float rate = rate(in, from + t, head);
                correct(matrices.u(t), matrices.u(t), in.v().address(from + t) + 4L * head * values, values,
                        Memory.f32(matrices.start() + 4L * t), rate);
                for (int i = 0; i < t; i++) {
                    long at = overlaps + t * Decays.ROW + 4L * i;
                    Memory.f32(at, -rate * Memory.f32(at) * Memory.f32(matrices.between(t) + 4L * i));
                }
            }
            substitute(matrices, overlaps, one, rows, padded);
            matrices.run(s, keys, rows, query, in.q().rowBytes(), key, keyBytes, scores);
            for (int t = 0; t < rows; t++) {
                Rows.scale(y.address(from + t) + 4L * head * values, matrices.y(t), values, 1);
            }
        }
        if (s != home) {
            Rows.unpad(home, s, 4L * values, keys, values);
        }
    }

    /// u[t] += Σ_{s<t} weights[t,s]·u[s], one row after the other: what lies before a tile of rows as a product.
    private static void substitute(DecayBlock matrices, long weights, long one, int rows, int padded) {
        for (int first = 0; first < rows; first += 4) {
            int count = Math.min(4, rows - first);
            if (first > 0) {
                BlockProduct.add(matrices.u(first), matrices.rowBytes(), one, 0, count, padded, weights + first * Decays.ROW,
                        Decays.ROW, 4, matrices.u(0), matrices.rowBytes(), first);
            }
            for (int t = first + 1; t < first + count; t++) {
                for (int s = first; s < t; s++) {
                    Rows.add(matrices.u(t), matrices.u(s), padded, Memory.f32(weights + t * Decays.ROW + 4L * s));
                }
            }
        }
    }

    @Override
    public void backward(Shape shape, Inputs gradients, Tensor dy, Inputs inputs, Tensor initialState, Segments segments) {
        GatedDeltaRuleBackward backward = new GatedDeltaRuleBackward(shape, gradients, dy, inputs, initialState, segments);
        workers.forRange(segments.count() * shape.keyHeads(), 1, (from, to) -> {
            for (int i = from; i < to; i++) {
                backward.keyHead(scratch.get(), i / shape.keyHeads(), i % shape.keyHeads());
            }
        });
    }
}
