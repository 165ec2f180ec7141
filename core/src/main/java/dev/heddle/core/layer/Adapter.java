package dev.heddle.core.layer;

import dev.heddle.core.op.Add;
import dev.heddle.core.op.Linear;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// Low-rank corrections y_k + B_k A x of one or several linear maps of the same rows (Hu et al. 2022, LoRA; Glorioso et
/// al. 2024, Zamba2, where they tell the uses of a shared block apart).
///
/// Parameters: A `down.weight` [R, D], B_k `NAME_k.weight` [O_k, R].
final class Adapter {
    /// @param name  names the matrix
    /// @param width O, columns of the map it corrects
    record Output(String name, int width) {
    }

    private final Tensor down;
    private final Tensor[] ups;

    private Adapter(Scope scope, int rank, int input, Output... outputs) {
        down = scope.matrix("down.weight", rank, input);
        ups = new Tensor[outputs.length];
        for (int k = 0; k < outputs.length; k++) {
            ups[k] = scope.matrix(outputs[k].name() + ".weight", outputs[k].width(), rank);
        }
    }

    /// None if the rank is 0.
    static Optional<Adapter> of(Scope scope, int rank, int input, Output... outputs) {
        return rank == 0 ? Optional.empty() : Optional.of(new Adapter(scope, rank, input, outputs));
    }

    /// @param y the maps' outputs of `x`, in the order of the adapter's
    Tensor[] add(Pass pass, Tensor[] y, Tensor x) {
        Tensor[] corrections = Linear.apply(pass, Linear.apply(pass, x, down), ups);
        Tensor[] sums = y.clone();
        for (int k = 0; k < ups.length; k++) {
            sums[k] = Add.apply(pass, y[k], corrections[k], 1);
        }
        return sums;
    }
}
