package dev.heddle.core.op;

import dev.heddle.core.kernel.DeltaWkv.Inputs;
import dev.heddle.core.kernel.DeltaWkv.Shape;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// The generalised delta rule of RWKV-7; the equations stand at [dev.heddle.core.kernel.DeltaWkv].
public final class DeltaWkv {
    private DeltaWkv() {
    }

    /// @param state number of the recurrent state of H·K·V elements
    /// @return [T, H·V]
    public static Tensor apply(Pass pass, Shape shape, Inputs in, int state) {
        Shapes.columns("receptance", in.r(), (long) shape.heads() * shape.keyDim());
        Shapes.same("log decay", in.logDecay(), in.r());
        Shapes.same("key", in.k(), in.r());
        Shapes.columns("value", in.v(), (long) shape.heads() * shape.valueDim());
        Shapes.same("removal key", in.removal(), in.r());
        Shapes.same("rate", in.rate(), in.r());
        Tensor y = pass.take(in.r().rows(), in.v().columns());
        RecurrentState memory = RecurrentState.of(pass, state);
        Tensor before = SavedState.of(pass, memory.memory());
        pass.kernels().deltaWkv().forward(shape, y, in, memory.memory(), memory.segments());
        memory.keep();
        pass.record(() -> pass.kernels().deltaWkv().backward(shape,
                new Inputs(pass.gradient(in.r()), pass.gradient(in.logDecay()), pass.gradient(in.k()), pass.gradient(in.v()),
                        pass.gradient(in.removal()), pass.gradient(in.rate())),
                pass.gradient(y), in, before, pass.segments()));
        return y;
    }

    /// x[t,h,j] + v[t,h,j]·Σ_i r[t,h,i]·k[t,h,i]·bonus[h,i], what the present position adds past the state.
    ///
    /// @param x     [T, H·V]
    /// @param bonus [H·K]
    /// @return [T, H·V]
    public static Tensor bonus(Pass pass, Shape shape, Tensor x, Tensor r, Tensor k, Tensor v, Tensor bonus) {
        Shapes.same("value", v, x);
        Shapes.same("key", k, r);
        Shapes.elements("bonus", bonus, r.columns());
        Tensor y = pass.take(x.rows(), x.columns());
        pass.kernels().deltaWkv().bonus(shape, y, x, r, k, v, bonus);
        pass.record(() -> {
            Tensor dy = pass.gradient(y);
            Tensor dx = pass.gradient(x);
            pass.kernels().elementwise().add(dx, dx, dy, 1);
            pass.kernels().deltaWkv().bonusGradient(shape, pass.gradient(r), pass.gradient(k), pass.gradient(v),
                    pass.gradient(bonus), dy, r, k, v, bonus);
        });
        return y;
    }
}
