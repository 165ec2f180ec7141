package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.LoadBalance;
import dev.heddle.core.kernel.plain.PlainLoadBalance;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router.Scoring;
import dev.heddle.core.tensor.Tensor;

/// [LoadBalance] with the rows shared among threads; a row of a router is too short for vectors to matter.
public final class VectorLoadBalance implements LoadBalance {
    private final Workers workers;
    private final PlainLoadBalance plain = new PlainLoadBalance();

    public VectorLoadBalance(Workers workers) {
        this.workers = workers;
    }

    private static int grain(Tensor scores) {
        return Math.ceilDiv(Stretches.HEAVY, Math.max(1, 8 * scores.columns()));
    }

    @Override
    public void forward(Tensor load, Tensor balance, Tensor p, Tensor scores, Tensor ids, Scoring scoring) {
        workers.forRange(scores.rows(), grain(scores), (from, to) ->
                plain.probabilities(p.rowRange(from, to), scores.rowRange(from, to), scoring));
        plain.measure(load, balance, p, ids);
    }

    @Override
    public void gradient(Tensor dScores, float factor, Tensor load, Tensor p, Tensor scores, Scoring scoring) {
        double scale = (double) factor * p.columns() / p.rows();
        workers.forRange(scores.rows(), grain(scores), (from, to) -> plain.gradient(dScores.rowRange(from, to), scale, load,
                p.rowRange(from, to), scores.rowRange(from, to), scoring));
    }
}
