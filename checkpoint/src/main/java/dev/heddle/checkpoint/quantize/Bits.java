package dev.heddle.checkpoint.quantize;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Rounding, and numbers in little-endian bytes.
final class Bits {
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    /// 1.5·2²³: a float of less than 2²² added to it loses its fraction, rounded to the nearest even integer.
    private static final float INTEGERS = 12582912f;

    private Bits() {
    }

    /// The integer nearest to x, ties to even; |x| < 2²².
    static int nearestEven(float x) {
        return (Float.floatToRawIntBits(x + INTEGERS) & 0x7fffff) - 0x400000;
    }

    /// The integer nearest to x, ties away from zero.
    static int nearestAway(float x) {
        float size = Math.abs(x);
        int whole = (int) size;
        int rounded = whole + (int) (2 * (size - whole));
        return x < 0 ? -rounded : rounded;
    }

    /// Stores x as a half-precision number.
    static void half(byte[] to, int at, float x) {
        SHORT.set(to, at, Float.floatToFloat16(x));
    }

    /// x as it will be read back from a half-precision number.
    static float asHalf(float x) {
        return Float.float16ToFloat(Float.floatToFloat16(x));
    }

    static void int16(byte[] to, int at, short x) {
        SHORT.set(to, at, x);
    }

    static void int32(byte[] to, int at, int x) {
        INT.set(to, at, x);
    }
}
