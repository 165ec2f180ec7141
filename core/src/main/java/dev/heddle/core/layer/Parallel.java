package dev.heddle.core.layer;

import dev.heddle.core.op.Add;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.Scale;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.ParallelSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Branches that read the same rows and are added or averaged; each branch's parameters lie under its name, those of the
/// projection of all in `out.weight` [D, inner].
final class Parallel implements Layer {
    private record Branch(ParallelSpec.Branch spec, Layer layer, Norm norm) {
    }

    private final List<Branch> branches = new ArrayList<>();
    private final ParallelSpec.Merge merge;
    private final Optional<Tensor> out;

    Parallel(ParallelSpec spec, Scope scope) {
        int inner = spec.inner() == 0 ? scope.width() : spec.inner();
        for (ParallelSpec.Branch branch : spec.branches()) {
            Scope child = scope.child(branch.name());
            branches.add(new Branch(branch, Layers.build(branch.layer(), child),
                    child.norm("branch_norm", branch.norm(), inner)));
        }
        merge = spec.merge();
        out = spec.inner() == 0 ? Optional.empty() : Optional.of(scope.matrix("out.weight", scope.width(), inner));
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        Tensor sum = branch(pass, branches.getFirst(), x);
        for (Branch next : branches.subList(1, branches.size())) {
            Tensor added = branch(pass, next, x);
            Tensor scaledSum = pass.taped() ? pass.take(sum.rows(), sum.columns()) : sum;
            sum = Add.into(pass, scaledSum, sum, added, next.spec.outputScale());
        }
        Tensor merged = switch (merge) {
            case ADD -> sum;
            case MEAN -> Scale.apply(pass, sum, 1.0 / branches.size());
        };
        return out.isPresent() ? Linear.apply(pass, merged, out.get()) : merged;
    }

    /// The first branch is scaled here, the others while they are added.
    private Tensor branch(Pass pass, Branch branch, Tensor x) {
        Tensor in = Scale.apply(pass, x, branch.spec.inputScale());
        Tensor out = branch.norm.forward(pass, branch.layer.forward(pass, in));
        return branch == branches.getFirst() ? Scale.apply(pass, out, branch.spec.outputScale()) : out;
    }
}
