package dev.heddle.core.op;

import dev.heddle.core.kernel.DiagonalStateSpace.Gradients;
import dev.heddle.core.kernel.DiagonalStateSpace.Shape;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// The state space of S4D; the equations stand at [dev.heddle.core.kernel.DiagonalStateSpace].
public final class DiagonalStateSpace {
    private DiagonalStateSpace() {
    }

    /// A channel's parameters, imaginary parts only if the states are complex.
    ///
    /// @param dtLog    [I], logarithms of the time steps
    /// @param aLog     [I, M], logarithms of the rates' negative real parts
    /// @param aImag    [I, M]
    /// @param c, cImag [I, M]
    /// @param d        [I]
    public record Parameters(Tensor dtLog, Tensor aLog, Optional<Tensor> aImag, Tensor c, Optional<Tensor> cImag, Tensor d) {
    }

    /// @param x     [T, I]
    /// @param state number of the recurrent state of `shape.stateElements(I)` elements
    /// @return [T, I]
    public static Tensor apply(Pass pass, Shape shape, Tensor x, Parameters p, int state) {
        Shapes.elements("time steps", p.dtLog(), x.columns());
        Shapes.elements("rates", p.aLog(), (long) x.columns() * shape.states());
        Shapes.elements("output weights", p.c(), (long) x.columns() * shape.states());
        Shapes.elements("skip", p.d(), x.columns());
        if (p.aImag().isPresent() != shape.complex() || p.cImag().isPresent() != shape.complex()) {
            throw new IllegalArgumentException("imaginary parts belong to complex states alone");
        }
        Tensor table = table(pass, shape, p);
        Tensor c = Transpose.ofParameter(pass, p.c());
        Optional<Tensor> cImag = p.cImag().map(imag -> Transpose.ofParameter(pass, imag));
        Tensor y = pass.take(x.rows(), x.columns());
        RecurrentState memory = RecurrentState.of(pass, state);
        Tensor before = SavedState.of(pass, memory.memory());
        pass.kernels().diagonalStateSpace().forward(shape, y, x, table, c, cImag, p.d(), memory.memory(), memory.segments());
        memory.keep();
        pass.record(() -> pass.kernels().diagonalStateSpace().backward(shape,
                new Gradients(pass.gradient(x), pass.gradient(table), pass.gradient(c), cImag.map(pass::gradient),
                        pass.gradient(p.d())),
                pass.gradient(y), x, table, c, cImag, p.d(), before, pass.segments()));
        return y;
    }

    /// ā and b̄ of all channels; without a tape computed once and kept.
    private static Tensor table(Pass pass, Shape shape, Parameters p) {
        Tensor aLog = Transpose.ofParameter(pass, p.aLog());
        Optional<Tensor> aImag = p.aImag().map(imag -> Transpose.ofParameter(pass, imag));
        if (!pass.taped()) {
            return pass.executor().derived("discretize", p.dtLog(), shape.tableRows(), aLog.columns(),
                    table -> pass.kernels().diagonalStateSpace().discretize(shape, table, p.dtLog(), aLog, aImag));
        }
        Tensor table = pass.take(shape.tableRows(), aLog.columns());
        pass.kernels().diagonalStateSpace().discretize(shape, table, p.dtLog(), aLog, aImag);
        pass.record(() -> pass.kernels().diagonalStateSpace().discretizeGradient(shape, pass.gradient(p.dtLog()),
                pass.gradient(aLog), aImag.map(pass::gradient), pass.gradient(table), p.dtLog(), aLog, aImag));
        return table;
    }
}
