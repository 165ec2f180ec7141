package dev.heddle.core.layer;

import dev.heddle.core.op.Linear;
import dev.heddle.core.op.PassingState;
import dev.heddle.core.op.SelectiveScan;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// A selective scan within a stateless pass: the rows choose time step, B and C, and are scanned from their sequence's
/// beginning.
///
/// Parameters: `x_proj.weight` [R+2N, I], `dt_proj.weight` [I, R], `dt_proj.bias` [I], `A_log` [I, N], `D` [I].
final class SelectiveProjection {
    private final int rank;
    private final int state;
    private final Tensor xProj;
    private final Tensor dtProj;
    private final Tensor dtBias;
    private final boolean biasTwice;
    private final Tensor aLog;
    private final Tensor skip;

    /// @param biasTwice whether the time step's bias is added by its projection and again by the scan (MambaVision)
    SelectiveProjection(Scope scope, int inner, int state, int rank, boolean biasTwice) {
        this.rank = rank;
        this.state = state;
        this.biasTwice = biasTwice;
        xProj = scope.matrix("x_proj.weight", rank + 2L * state, inner);
        dtProj = scope.matrix("dt_proj.weight", inner, rank);
        dtBias = scope.small("dt_proj.bias", inner);
        aLog = scope.small("A_log", inner, state);
        skip = scope.small("D", inner);
    }

    /// @param x [T, I]
    Tensor forward(Pass pass, Tensor x) {
        Tensor dtBc = Linear.apply(pass, x, xProj);
        Tensor dt = Linear.apply(pass, dtBc.columnRange(0, rank), dtProj,
                biasTwice ? Optional.of(dtBias) : Optional.empty());
        return SelectiveScan.apply(pass, x, dt, Optional.of(dtBias), aLog, dtBc.columnRange(rank, rank + state),
                dtBc.columnRange(rank + state, rank + 2L * state), Optional.of(skip),
                PassingState.of(pass, state * x.columns()));
    }
}
