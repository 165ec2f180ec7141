package dev.heddle.core.op;

import dev.heddle.core.kernel.GatedDeltaRule.Inputs;
import dev.heddle.core.kernel.GatedDeltaRule.Shape;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// The gated delta rule; the equations stand at [dev.heddle.core.kernel.GatedDeltaRule].
public final class GatedDeltaRule {
    private GatedDeltaRule() {
    }

    /// @param state number of the recurrent state of H·K·V elements
    /// @return [T, H·V]
    public static Tensor apply(Pass pass, Shape shape, Inputs in, int state) {
        Shapes.columns("query", in.q(), (long) shape.keyHeads() * shape.keyDim());
        Shapes.same("key", in.k(), in.q());
        Shapes.rows("value", in.v(), in.q().rows());
        Shapes.columns("value", in.v(), (long) shape.heads() * shape.valueDim());
        Shapes.rows("rate", in.rate(), in.q().rows());
        Shapes.columns("rate", in.rate(), shape.heads());
        Shapes.rows("log decay", in.logDecay(), in.q().rows());
        if (in.logDecay().columns() != shape.heads()) {
            Shapes.columns("log decay", in.logDecay(), (long) shape.heads() * shape.keyDim());
        }
        Tensor y = pass.take(in.v().rows(), in.v().columns());
        RecurrentState memory = RecurrentState.of(pass, state);
        Tensor before = SavedState.of(pass, memory.memory());
        pass.kernels().gatedDeltaRule().forward(shape, y, in, memory.memory(), memory.segments());
        memory.keep();
        pass.record(() -> pass.kernels().gatedDeltaRule().backward(shape,
                new Inputs(pass.gradient(in.q()), pass.gradient(in.k()), pass.gradient(in.v()),
                        pass.gradient(in.logDecay()), pass.gradient(in.rate())),
                pass.gradient(y), in, before, pass.segments()));
        return y;
    }
}
