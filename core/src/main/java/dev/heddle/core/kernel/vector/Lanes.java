package dev.heddle.core.kernel.vector;

import dev.heddle.core.tensor.Memory;
import java.util.Arrays;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// The vector width of this process and what every vector kernel shares: loads, stores, the fixed-order sum.
///
/// The width is the widest the processor prefers, or what the system property `heddle.vector.bits` says (128, 256
/// or 512) when this class loads. It is one for the whole process because species must be constants to the
/// compiler; a kernel that took them from a field would allocate a vector object per operation.
///
/// A sum over lanes goes through [#sum], never through `reduceLanes(ADD)`: that one adds in another order in the
/// interpreter than in compiled code, so results would change while a program warms up.
public final class Lanes {
    private static final int BITS = bits();

    /// Floats.
    public static final VectorSpecies<Float> F = VectorSpecies.of(float.class, VectorShape.forBitSize(BITS));

    /// Ints, as many as [#F] has floats.
    public static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));

    /// 16-bit values, as many as [#F] has floats.
    public static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(BITS / 2));

    /// Bytes, as many as [#F] has floats; twice as many at 128 bits, because no vector is narrower than 64 bits.
    static final VectorSpecies<Byte> B = VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, BITS / 4)));

    /// Lanes of [#F].
    public static final int COUNT = F.length();

    private static final VectorShuffle<Float> BY_8 = rotation(8);
    private static final VectorShuffle<Float> BY_4 = rotation(4);
    private static final VectorShuffle<Float> BY_2 = rotation(2);
    private static final VectorShuffle<Float> BY_1 = rotation(1);

    /// Bits by which the bytes of an int are shifted down, one in each of four lanes.
    private static final IntVector BYTE_SHIFTS = IntVector.zero(I).addIndex(8).and(24);

    /// What is added to a half's exponent in its place in a float, and the least that infinities and NaN then have.
    static final int HALF_BIAS = 112 << 23;
    static final int HALF_SPECIAL = 143 << 23;

    private Lanes() {
    }

    /// Largest multiple of [#COUNT] that is not above `n`.
    public static int whole(int n) {
        return n & -COUNT;
    }

    /// The first `n` lanes, for the end of a row. Masked lanes see the same arithmetic as whole vectors do, so
    /// an element has the same bits wherever it falls.
    public static VectorMask<Float> first(int n) {
        return F.indexInRange(0, n);
    }

    public static FloatVector zero() {
        return FloatVector.zero(F);
    }

    public static FloatVector of(float value) {
        return FloatVector.broadcast(F, value);
    }

    /// Floats at `address`.
    public static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(F, Memory.ALL, address & Memory.USER, Memory.ORDER);
    }

    /// Floats at `address` where the mask is set, zero elsewhere; memory outside the mask is not touched.
    public static FloatVector load(long address, VectorMask<Float> mask) {
        return FloatVector.fromMemorySegment(F, Memory.ALL, address & Memory.USER, Memory.ORDER, mask);
    }

    public static void store(FloatVector value, long address) {
        value.intoMemorySegment(Memory.ALL, address & Memory.USER, Memory.ORDER);
    }

    public static void store(FloatVector value, long address, VectorMask<Float> mask) {
        value.intoMemorySegment(Memory.ALL, address & Memory.USER, Memory.ORDER, mask);
    }

    /// Floats from bfloat16 at `address`: a bfloat16 is the upper half of a float.
    public static FloatVector loadBfloat16(long address) {
        IntVector bits = (IntVector) ShortVector.fromMemorySegment(S, Memory.ALL, address & Memory.USER, Memory.ORDER)
                .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0);
        return bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /// Floats from IEEE half precision at `address`, exactly, subnormals, infinities and NaN included.
    public static FloatVector loadFloat16(long address) {
        IntVector half = (IntVector) ShortVector.fromMemorySegment(S, Memory.ALL, address & Memory.USER, Memory.ORDER)
                .convertShape(VectorOperators.S2I, I, 0);
        IntVector x = half.lanewise(VectorOperators.LSHL, 13).and(0x0fffe000).add(HALF_BIAS);
        IntVector twice = x.reinterpretAsFloats().fma(FloatVector.broadcast(F, 2f), FloatVector.broadcast(F, -0x1p-14f)).reinterpretAsInts();
        VectorMask<Integer> special = x.compare(VectorOperators.GE, HALF_SPECIAL);
        return x.min(twice).lanewise(VectorOperators.OR, 0x7f800000, special).or(half.and(0x80000000)).reinterpretAsFloats();
    }

    /// The same where no number is an infinity or NaN.
    ///
    /// Exponent and mantissa move to their places in a float, and the exponent's bias grows by 112: that is |h|, except that a
    /// subnormal half 2⁻¹⁴·f becomes x = 2⁻¹⁵·(1 + f). There 2x − 2⁻¹⁴ is |h|, and smaller than x; everywhere else it is larger, and
    /// the smaller of two positive floats is the smaller integer. So no operation meets a subnormal float, which takes some
    /// processors a hundred times as long as others.
    static FloatVector loadFiniteFloat16(long address) {
        IntVector half = (IntVector) ShortVector.fromMemorySegment(S, Memory.ALL, address & Memory.USER, Memory.ORDER)
                .convertShape(VectorOperators.S2I, I, 0);
        IntVector x = half.lanewise(VectorOperators.LSHL, 13).and(0x0fffe000).add(HALF_BIAS);
        IntVector twice = x.reinterpretAsFloats().fma(FloatVector.broadcast(F, 2f), FloatVector.broadcast(F, -0x1p-14f)).reinterpretAsInts();
        return x.min(twice).or(half.and(0x80000000)).reinterpretAsFloats();
    }

    /// Unsigned bytes at `address` as ints.
    static IntVector loadUnsignedBytes(long address) {
        if (COUNT == 4) {
            return IntVector.broadcast(I, Memory.i32(address)).lanewise(VectorOperators.LSHR, BYTE_SHIFTS).and(255);
        }
        return (IntVector) ByteVector.fromMemorySegment(B, Memory.ALL, address & Memory.USER, Memory.ORDER)
                .convertShape(VectorOperators.ZERO_EXTEND_B2I, I, 0);
    }

    /// Signed bytes at `address` as floats.
    static FloatVector loadBytes(long address) {
        if (COUNT == 4) {
            return (FloatVector) IntVector.broadcast(I, Memory.i32(address)).lanewise(VectorOperators.LSHR, BYTE_SHIFTS)
                    .lanewise(VectorOperators.LSHL, 24).lanewise(VectorOperators.ASHR, 24).convert(VectorOperators.I2F, 0);
        }
        return (FloatVector) ByteVector.fromMemorySegment(B, Memory.ALL, address & Memory.USER, Memory.ORDER)
                .convertShape(VectorOperators.B2F, F, 0);
    }

    /// Sum of all lanes: the upper half is added to the lower half until one lane is left.
    public static float sum(FloatVector v) {
        if (COUNT >= 16) {
            v = v.add(v.rearrange(BY_8));
        }
        if (COUNT >= 8) {
            v = v.add(v.rearrange(BY_4));
        }
        v = v.add(v.rearrange(BY_2));
        v = v.add(v.rearrange(BY_1));
        return v.lane(0);
    }

    /// Largest lane; NaN if any lane is.
    public static float max(FloatVector v) {
        return v.reduceLanes(VectorOperators.MAX); // no rounding, so the order does not matter
    }

    private static VectorShuffle<Float> rotation(int by) {
        int[] from = new int[F.length()];
        Arrays.setAll(from, lane -> (lane + by) % from.length);
        return VectorShuffle.fromArray(F, from, 0);
    }

    private static int bits() {
        int preferred = FloatVector.SPECIES_PREFERRED.vectorBitSize();
        String forced = System.getProperty("heddle.vector.bits", "");
        if (forced.isEmpty()) {
            return Math.clamp(preferred, 128, 512);
        }
        if (!forced.equals("128") && !forced.equals("256") && !forced.equals("512")) {
            throw new IllegalArgumentException("heddle.vector.bits is " + forced + "; it must be 128, 256 or 512");
        }
        return Integer.parseInt(forced);
    }
}
