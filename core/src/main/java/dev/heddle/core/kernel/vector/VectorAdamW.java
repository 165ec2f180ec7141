package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.AdamW;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// [AdamW] on vectors, blocks of elements spread over the threads.
public final class VectorAdamW implements AdamW {
    private static final int BLOCK = 1 << 14;

    private final Workers workers;

    public VectorAdamW(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void update(Tensor parameter, Tensor first, Tensor second, Tensor gradient, Step step) {
        long elements = parameter.elements();
        workers.forRange((int) Math.ceilDiv(elements, BLOCK), 1, (from, to) -> {
            long end = Math.min(elements, (long) to * BLOCK);
            for (long i = (long) from * BLOCK; i < end; i += Lanes.COUNT) {
                VectorMask<Float> mask = Lanes.F.indexInRange(i, end);
                update(parameter.address() + 4 * i, first.address() + 4 * i, second.address() + 4 * i,
                        gradient.address() + 4 * i, mask, step);
            }
        });
    }

    private static void update(long parameter, long first, long second, long gradient, VectorMask<Float> mask, Step step) {
        FloatVector g = load(gradient, mask).mul(step.gradientScale());
        FloatVector m = load(first, mask).mul(step.beta1()).add(g.mul(1 - step.beta1()));
        FloatVector v = load(second, mask).mul(step.beta2()).add(g.mul(g).mul(1 - step.beta2()));
        FloatVector p = load(parameter, mask);
        FloatVector root = v.div(step.secondCorrection()).lanewise(VectorOperators.SQRT).add(step.epsilon());
        FloatVector direction = m.div(step.firstCorrection()).div(root);
        store(first, m, mask);
        store(second, v, mask);
        store(parameter, p.sub(p.mul(step.decay()).add(direction).mul(step.rate())), mask);
    }

    private static FloatVector load(long address, VectorMask<Float> mask) {
        return FloatVector.fromMemorySegment(Lanes.F, Memory.ALL, address, Memory.ORDER, mask);
    }

    private static void store(long address, FloatVector value, VectorMask<Float> mask) {
        value.intoMemorySegment(Memory.ALL, address, Memory.ORDER, mask);
    }

    @Override
    public double squaredNorm(Tensor gradient) {
        long elements = gradient.elements();
        int blocks = (int) Math.ceilDiv(elements, BLOCK);
        double[] sums = new double[blocks];
        workers.forRange(blocks, 1, (from, to) -> {
            for (int block = from; block < to; block++) {
                sums[block] = squaredNorm(gradient.address() + 4L * block * BLOCK,
                        (int) Math.min(BLOCK, elements - (long) block * BLOCK));
            }
        });
        double sum = 0;
        for (double block : sums) {
            sum += block;
        }
        return sum;
    }

    private static double squaredNorm(long address, int count) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int i = 0;
        for (; i + 4 <= count; i += 4) {
            double g0 = Memory.f32(address + 4L * i);
            double g1 = Memory.f32(address + 4L * i + 4);
            double g2 = Memory.f32(address + 4L * i + 8);
            double g3 = Memory.f32(address + 4L * i + 12);
            s0 = Math.fma(g0, g0, s0);
            s1 = Math.fma(g1, g1, s1);
            s2 = Math.fma(g2, g2, s2);
            s3 = Math.fma(g3, g3, s3);
        }
        for (; i < count; i++) {
            double g = Memory.f32(address + 4L * i);
            s0 = Math.fma(g, g, s0);
        }
        return (s0 + s1) + (s2 + s3);
    }
}
