package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

import dev.heddle.core.kernel.DiagonalStateSpace;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.plain.PlainDiagonalStateSpace;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// [DiagonalStateSpace] on the Vector API: vectors run over channels, threads share blocks of channels of all segments.
/// States are updated where they lie, so that it does not matter where a pass ends. Discretisation, which no row
/// takes part in, is the plain kernel's.
public final class VectorDiagonalStateSpace implements DiagonalStateSpace {
    private final Workers workers;
    private final DiagonalStateSpace plain = new PlainDiagonalStateSpace();
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    public VectorDiagonalStateSpace(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void discretize(Shape shape, Tensor table, Tensor dtLog, Tensor aLog, Optional<Tensor> aImag) {
        plain.discretize(shape, table, dtLog, aLog, aImag);
    }

    @Override
    public void discretizeGradient(Shape shape, Tensor dDtLog, Tensor dALog, Optional<Tensor> dAImag, Tensor dTable,
            Tensor dtLog, Tensor aLog, Optional<Tensor> aImag) {
        plain.discretizeGradient(shape, dDtLog, dALog, dAImag, dTable, dtLog, aLog, aImag);
    }

    @Override
    public void forward(Shape shape, Tensor y, Tensor x, Tensor table, Tensor c, Optional<Tensor> cImag, Tensor d,
            Tensor state, Segments segments) {
        int channels = x.columns();
        int blocks = Math.ceilDiv(channels, Lanes.COUNT);
        workers.forRange(segments.count() * blocks, 1, (from, to) -> {
            for (int piece = from; piece < to; piece++) {
                int s = piece / blocks;
                int i = piece % blocks * Lanes.COUNT;
                VectorMask<Float> mask = Lanes.first(channels - i);
                long h = state.address(segments.slots()[s]) + 4L * i;
                for (int t = segments.start(s); t < segments.end(s); t++) {
                    FloatVector in = load(x.address(t) + 4L * i, mask);
                    FloatVector sum = shape.complex()
                            ? complex(shape.states(), in, table, c, cImag.orElseThrow(), h, 4L * channels, 4L * i, mask)
                            : real(shape.states(), in, table, c, h, 4L * channels, 4L * i, mask);
                    store(in.fma(load(d.address() + 4L * i, mask), sum), y.address(t) + 4L * i, mask);
                }
            }
        });
    }

    /// One step of M real states; returns Σ_n c·h.
    private static FloatVector real(int m, FloatVector in, Tensor table, Tensor c, long h, long row, long at,
            VectorMask<Float> mask) {
        FloatVector sum = Lanes.zero();
        for (int n = 0; n < m; n++) {
            FloatVector next = load(h + n * row, mask).mul(load(table.address(n) + at, mask));
            next = in.fma(load(table.address(m + n) + at, mask), next);
            store(next, h + n * row, mask);
            sum = next.fma(load(c.address(n) + at, mask), sum);
        }
        return sum;
    }

    /// One step of M complex states; returns 2·Re Σ_n c·h.
    private static FloatVector complex(int m, FloatVector in, Tensor table, Tensor c, Tensor cImag, long h, long row, long at,
            VectorMask<Float> mask) {
        FloatVector sum = Lanes.zero();
        for (int n = 0; n < m; n++) {
            long real = h + n * row;
            long imaginary = h + (m + n) * row;
            FloatVector re = load(real, mask);
            FloatVector im = load(imaginary, mask);
            FloatVector a = load(table.address(n) + at, mask);
            FloatVector b = load(table.address(m + n) + at, mask);
            FloatVector nextRe = im.neg().fma(b, re.mul(a));
            FloatVector nextIm = re.fma(b, im.mul(a));
            nextRe = in.fma(load(table.address(2L * m + n) + at, mask), nextRe);
            nextIm = in.fma(load(table.address(3L * m + n) + at, mask), nextIm);
            store(nextRe, real, mask);
            store(nextIm, imaginary, mask);
            sum = nextRe.fma(load(c.address(n) + at, mask), sum);
            sum = nextIm.neg().fma(load(cImag.address(n) + at, mask), sum);
        }
        return sum.add(sum);
    }

    @Override
    public void backward(Shape shape, Gradients gradients, Tensor dy, Tensor x, Tensor table, Tensor c, Optional<Tensor> cImag,
            Tensor d, Tensor initialState, Segments segments) {
        DiagonalStateSpaceBackward backward = new DiagonalStateSpaceBackward(shape, gradients, dy, x, table, c, cImag, d, initialState, segments);
        workers.forRange(Math.ceilDiv(x.columns(), Lanes.COUNT), 1, (from, to) -> {
            for (int i = from; i < to; i++) {
                backward.channels(scratch.get(), i * Lanes.COUNT);
            }
        });
    }
}
