package dev.heddle.train.config;

import dev.heddle.core.spec.Default;
import dev.heddle.core.spec.SpecException;
import java.util.List;

/// Low-rank adapters instead of the weights themselves, see [dev.heddle.train.adapt.LowRankAdapters].
///
/// @param rank    r
/// @param alpha   the change of a weight is scaled by alpha / rank
/// @param targets which linear weights: names (`q`, `in_x`, or published ones such as `q_proj`), paths
///                (`blocks.0.mixer.q`), patterns (`blocks.0.*`); [#ALL] for all but embedding, head and routers
/// @param merge   whether the run also writes the merged model
public record LoraConfig(@Default("8") int rank, @Default("16") double alpha, @Default("[all linear]") List<String> targets,
        @Default("false") boolean merge) {
    /// The target that means every linear weight of the blocks.
    public static final String ALL = "all linear";

    public LoraConfig {
        targets = List.copyOf(targets);
        if (rank < 1) {
            throw new SpecException("lora.rank", "must be positive, not " + rank);
        }
        if (!(alpha > 0) || !Double.isFinite(alpha)) {
            throw new SpecException("lora.alpha", "must be positive, not " + alpha);
        }
        if (targets.isEmpty()) {
            throw new SpecException("lora.targets", "is empty");
        }
    }
}
