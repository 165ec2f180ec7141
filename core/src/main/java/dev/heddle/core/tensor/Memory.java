package dev.heddle.core.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Host memory by plain address. Kernels read and write through [#ALL], one segment that spans the whole
/// address space. The price is that nobody checks offsets here; the operations above check shapes before they call a
/// kernel.
///
/// Its bounds checks fold to nothing where the compiler knows that an address is neither negative nor huge, as it does after
/// `address & USER`. Otherwise each access has a comparison of its own or, in a loop over an int, a dozen instructions
/// before the loop, which short loops do not earn back.
public final class Memory {
    /// Every address of this process.
    public static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    /// Bits an address of a process may have.
    public static final long USER = (1L << 56) - 1;

    /// Little-endian, the order of every checkpoint format Heddle reads.
    public static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    /// Little-endian numbers anywhere in memory, for kernels that spell their accesses out.
    public static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ORDER);
    private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ORDER);
    public static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ORDER);
    public static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ORDER);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ORDER);

    /// Bytes every allocation is aligned to: one cache line, and the widest vector.
    public static final long ALIGNMENT = 64;

    private Memory() {
    }

    /// Zeroed memory of `bytes` bytes that lives as long as `arena`.
    public static Storage allocate(Arena arena, long bytes) {
        return of(HugePages.allocate(arena, Math.max(bytes, ALIGNMENT)));
    }

    /// A storage over a segment of native memory (a mapped file, say), which it keeps reachable.
    public static Storage of(MemorySegment segment) {
        if (!segment.isNative()) {
            throw new IllegalArgumentException("a tensor's memory must lie outside the Java heap");
        }
        return new HostStorage(segment);
    }

    public static float f32(long address) {
        return ALL.get(FLOAT, address & USER);
    }

    public static void f32(long address, float value) {
        ALL.set(FLOAT, address & USER, value);
    }

    public static double f64(long address) {
        return ALL.get(DOUBLE, address & USER);
    }

    public static void f64(long address, double value) {
        ALL.set(DOUBLE, address & USER, value);
    }

    public static short i16(long address) {
        return ALL.get(SHORT, address & USER);
    }

    public static void i16(long address, short value) {
        ALL.set(SHORT, address & USER, value);
    }

    public static int i32(long address) {
        return ALL.get(INT, address & USER);
    }

    public static void i32(long address, int value) {
        ALL.set(INT, address & USER, value);
    }

    public static long i64(long address) {
        return ALL.get(LONG, address & USER);
    }

    public static void i64(long address, long value) {
        ALL.set(LONG, address & USER, value);
    }

    public static byte i8(long address) {
        return ALL.get(ValueLayout.JAVA_BYTE, address & USER);
    }

    public static void i8(long address, byte value) {
        ALL.set(ValueLayout.JAVA_BYTE, address & USER, value);
    }

    /// Copies `bytes` bytes; the two stretches may overlap.
    public static void copy(long to, long from, long bytes) {
        MemorySegment.copy(ALL, from, ALL, to, bytes);
    }

    /// The value at `address`, whatever float type it is stored in.
    public static float load(DType type, long address) {
        return switch (type) {
            case F32 -> f32(address);
            case BF16 -> Float.intBitsToFloat(i16(address) << 16);
            case F16 -> Float.float16ToFloat(i16(address));
            case F64 -> (float) f64(address);
            case I64 -> i64(address);
            case I32 -> i32(address);
            case I16 -> i16(address);
            case I8 -> i8(address);
            case U8, BOOL -> i8(address) & 0xff;
            case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q3_K, Q4_K, Q5_K, Q6_K ->
                throw new IllegalArgumentException("an element of " + type + " is stored in a block with others");
        };
    }

    /// Stores `value` at `address` as `type`, rounding to nearest even.
    public static void store(DType type, long address, float value) {
        switch (type) {
            case F32 -> f32(address, value);
            case BF16 -> i16(address, toBfloat16(value));
            case F16 -> i16(address, Float.floatToFloat16(value));
            case F64 -> f64(address, value);
            case I64 -> i64(address, (long) value);
            case I32 -> i32(address, (int) value);
            case I16 -> i16(address, (short) value);
            case I8, U8, BOOL -> i8(address, (byte) value);
            case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q3_K, Q4_K, Q5_K, Q6_K ->
                throw new IllegalArgumentException("an element of " + type + " is stored in a block with others");
        }
    }

    /// The bfloat16 nearest to `value` (ties to even), as its 16 bits.
    public static short toBfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }

    private record HostStorage(MemorySegment segment) implements Storage {
        @Override
        public long bytes() {
            return segment.byteSize();
        }

        @Override
        public long address() {
            return segment.address();
        }

        @Override
        public boolean isFile() {
            return segment.isMapped() && segment.isReadOnly();
        }

        @Override
        public void unload(long offset, long bytes) {
            if (isFile()) {
                segment.asSlice(offset, bytes).unload();
            }
        }

        @Override
        public String toString() {
            return segment.byteSize() + " bytes";
        }
    }
}
