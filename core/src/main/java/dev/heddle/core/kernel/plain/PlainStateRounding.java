package dev.heddle.core.kernel.plain;

import dev.heddle.core.kernel.StateRounding;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [StateRounding] in plain loops. Rounding is arithmetic on bits and single f32 operations, so vector forms have the same
/// results.
public final class PlainStateRounding implements StateRounding {
    @Override
    public void expand(Tensor x, Tensor stored, int[] slots) {
        int n = x.columns();
        for (int s = 0; s < slots.length; s++) {
            long from = stored.address(slots[s]);
            for (int i = 0; i < n; i++) {
                Memory.f32(x.address(s) + 4L * i, stored.dtype() == DType.BF16 ? Memory.load(DType.BF16, from + 2L * i)
                        : Memory.f32(from + 4L * (i / GROUP)) * Memory.i8(from + 4L * Math.ceilDiv(n, GROUP) + i));
            }
        }
    }

    @Override
    public void round(Tensor stored, int[] slots, Tensor x, int[] seeds) {
        for (int s = 0; s < slots.length; s++) {
            if (stored.dtype() == DType.BF16) {
                bf16(stored.address(slots[s]), x.address(s), x.columns(), seeds[s]);
            } else {
                long row = stored.address(slots[s]);
                int8(row, row + 4L * Math.ceilDiv(x.columns(), GROUP), x.address(s), x.columns(), seeds[s]);
            }
        }
    }

    /// Consecutive numbers, the first of which has the hash of `seed`.
    public static void bf16(long to, long from, int n, int seed) {
        for (int i = 0; i < n; i++) {
            Memory.i16(to + 2L * i, bf16(Memory.f32(from + 4L * i), StateRounding.mixed(seed + i * SPREAD)));
        }
    }

    private static short bf16(float x, int random) {
        return Float.isFinite(x) ? (short) (Float.floatToRawIntBits(x) + (random & 0xffff) >>> 16) : Memory.toBfloat16(x);
    }

    /// Whole groups, or the last ones of a state: scales and numbers have their places.
    public static void int8(long scales, long numbers, long from, int n, int seed) {
        for (int first = 0; first < n; first += GROUP) {
            int end = Math.min(n, first + GROUP);
            float largest = 0;
            for (int i = first; i < end; i++) {
                largest = Math.max(largest, Math.abs(Memory.f32(from + 4L * i)));
            }
            Memory.f32(scales + 4L * (first / GROUP), largest / 127);
            float inverse = inverse(largest);
            for (int i = first; i < end; i++) {
                Memory.i8(numbers + i, int8(Memory.f32(from + 4L * i) * inverse, StateRounding.mixed(seed + i * SPREAD)));
            }
        }
    }

    /// 127 divided by the largest magnitude of a group; 0 where that is 0 or the quotient not finite.
    public static float inverse(float largest) {
        float inverse = 127 / largest;
        return inverse <= Float.MAX_VALUE ? inverse : 0;
    }

    /// ⌊scaled + u⌋ for a random u in [0, 1), in one f32 addition to a number that makes it positive.
    private static byte int8(float scaled, int random) {
        float above = scaled + ((random >>> 16) * 0x1p-16f + 128);
        return (byte) Math.clamp((int) above - 128, -127, 127);
    }
}
