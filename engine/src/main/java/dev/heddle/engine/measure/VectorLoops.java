package dev.heddle.engine.measure;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Loops over whole registers of the machine.
final class VectorLoops implements MeasuringLoops {
    private static final VectorSpecies<Long> LONGS = LongVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;

    @Override
    public long stream(long address, long bytes) {
        LongVector a = LongVector.zero(LONGS);
        LongVector b = a;
        LongVector c = a;
        LongVector d = a;
        int step = LONGS.vectorByteSize();
        long end = address + bytes / (4 * step) * (4 * step);
        for (long at = address; at < end; at += 4L * step) {
            a = a.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(LONGS, Memory.ALL, at, Memory.ORDER));
            b = b.lanewise(VectorOperators.XOR,
                    LongVector.fromMemorySegment(LONGS, Memory.ALL, at + step, Memory.ORDER));
            c = c.lanewise(VectorOperators.XOR,
                    LongVector.fromMemorySegment(LONGS, Memory.ALL, at + 2L * step, Memory.ORDER));
            d = d.lanewise(VectorOperators.XOR,
                    LongVector.fromMemorySegment(LONGS, Memory.ALL, at + 3L * step, Memory.ORDER));
        }
        return a.lanewise(VectorOperators.XOR, b).lane(0)
                ^ c.lanewise(VectorOperators.XOR, d).lane(0);
    }

    @Override
    public int lanes() {
        return FLOATS.length();
    }

    @Override
    public float multiplyAdd(int steps) {
        FloatVector x = FloatVector.broadcast(FLOATS, 0.999f);
        FloatVector y = FloatVector.broadcast(FLOATS, 0.001f);
        FloatVector a = x;
        FloatVector b = x;
        FloatVector c = x;
        FloatVector d = x;
        FloatVector e = x;
        FloatVector f = x;
        FloatVector g = x;
        FloatVector h = x;
        FloatVector k = x;
        FloatVector l = x;
        for (int i = 0; i < steps; i++) {
            a = a.fma(x, y);
            b = b.fma(x, y);
            c = c.fma(x, y);
            d = d.fma(x, y);
            e = e.fma(x, y);
            f = f.fma(x, y);
            g = g.fma(x, y);
            h = h.fma(x, y);
            k = k.fma(x, y);
            l = l.fma(x, y);
        }
        return a.add(b).add(c).add(d).add(e).add(f).add(g).add(h).add(k).add(l).lane(0);
    }
}
