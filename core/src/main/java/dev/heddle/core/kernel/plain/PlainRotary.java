package dev.heddle.core.kernel.plain;

import dev.heddle.core.kernel.Rotary;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [Rotary] in plain loops. Angles are products in single precision, like those of the reference implementations.
public final class PlainRotary implements Rotary {
    @Override
    public void table(Tensor cos, Tensor sin, float[] frequencies, float attentionFactor, Segments segments) {
        for (int s = 0; s < segments.count(); s++) {
            for (int t = segments.start(s); t < segments.end(s); t++) {
                float position = segments.positions()[s] + t - segments.start(s);
                for (int i = 0; i < frequencies.length; i++) {
                    float angle = position * frequencies[i];
                    Memory.f32(cos.address(t) + 4L * i, (float) Math.cos(angle) * attentionFactor);
                    Memory.f32(sin.address(t) + 4L * i, (float) Math.sin(angle) * attentionFactor);
                }
            }
        }
    }

    @Override
    public void rotate(Tensor y, Tensor x, Tensor cos, Tensor sin, int heads, boolean interleaved, boolean inverse) {
        int width = x.columns() / heads;
        int half = cos.columns();
        for (int t = 0; t < x.rows(); t++) {
            for (int h = 0; h < heads; h++) {
                long from = x.address(t) + 4L * h * width;
                long to = y.address(t) + 4L * h * width;
                for (int i = 0; i < half; i++) {
                    long first = 4L * (interleaved ? 2 * i : i);
                    long second = 4L * (interleaved ? 2 * i + 1 : i + half);
                    float a = Memory.f32(from + first);
                    float b = Memory.f32(from + second);
                    float c = Memory.f32(cos.address(t) + 4L * i);
                    float sine = Memory.f32(sin.address(t) + 4L * i);
                    float s = inverse ? -sine : sine;
                    Memory.f32(to + first, a * c - b * s);
                    Memory.f32(to + second, b * c + a * s);
                }
                for (int i = 2 * half; i < width; i++) {
                    Memory.f32(to + 4L * i, Memory.f32(from + 4L * i));
                }
            }
        }
    }
}
