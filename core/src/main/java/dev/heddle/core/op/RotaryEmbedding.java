package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.tensor.Tensor;

/// Rotates the leading dimensions of each head by its position (Su et al. 2021). The tables of cosines and sines
/// are computed once a pass and shared by its layers. Backward: rotation by the opposite angle.
public final class RotaryEmbedding {
    private record Table(Tensor cos, Tensor sin) {
    }

    private RotaryEmbedding() {
    }

    /// @param x [T, heads·headDim]
    public static Tensor apply(Pass pass, Tensor x, PositionSpec.Rotary rotary, int heads) {
        Table table = pass.once(rotary, () -> table(pass, rotary));
        Tensor y = pass.take(x.rows(), x.columns());
        pass.kernels().rotary().rotate(y, x, table.cos, table.sin, heads, rotary.interleaved(), false);
        pass.record(() -> {
            Tensor turned = pass.take(x.rows(), x.columns());
            pass.kernels().rotary().rotate(turned, pass.gradient(y), table.cos, table.sin, heads, rotary.interleaved(), true);
            Tensor dx = pass.gradient(x);
            pass.kernels().elementwise().add(dx, dx, turned, 1);
        });
        return y;
    }

    private static Table table(Pass pass, PositionSpec.Rotary rotary) {
        float[] frequencies = rotary.scaling().frequencies(rotary.theta(), rotary.dimensions());
        Tensor cos = pass.takeLasting(pass.rows(), frequencies.length);
        Tensor sin = pass.takeLasting(pass.rows(), frequencies.length);
        pass.kernels().rotary().table(cos, sin, frequencies, (float) rotary.scaling().tableFactor(), pass.segments());
        return new Table(cos, sin);
    }
}
