package dev.heddle.engine.measure;

import dev.heddle.core.tensor.Memory;

/// Loops over single numbers, which the JVM may or may not turn into vectors.
final class PlainLoops implements MeasuringLoops {
    @Override
    public long stream(long address, long bytes) {
        long a = 0;
        long b = 0;
        long c = 0;
        long d = 0;
        long end = address + bytes / 32 * 32;
        for (long at = address; at < end; at += 32) {
            a ^= Memory.i64(at);
            b ^= Memory.i64(at + 8);
            c ^= Memory.i64(at + 16);
            d ^= Memory.i64(at + 24);
        }
        return a ^ b ^ c ^ d;
    }

    @Override
    public int lanes() {
        return 1;
    }

    @Override
    public float multiplyAdd(int steps) {
        float x = 0.999f;
        float y = 0.001f;
        float a = x;
        float b = x;
        float c = x;
        float d = x;
        float e = x;
        float f = x;
        float g = x;
        float h = x;
        float k = x;
        float l = x;
        for (int i = 0; i < steps; i++) {
            a = a * x + y;
            b = b * x + y;
            c = c * x + y;
            d = d * x + y;
            e = e * x + y;
            f = f * x + y;
            g = g * x + y;
            h = h * x + y;
            k = k * x + y;
            l = l * x + y;
        }
        return a + b + c + d + e + f + g + h + k + l;
    }
}
