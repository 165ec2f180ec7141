package dev.heddle.core.spec;

import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;

/// Experts that are whole layers, mixers with states among them: y[t] = Σ_{e chosen for t} w[t,e] · expert_e(x)[t].
///
/// A layer that remembers must see every row, or its state would depend on what the router did before, and on how rows
/// were cut into passes. So **all experts run over all rows**, and the router only weights their outputs: E experts cost as
/// much time as E layers whatever `active` is. Experts that work on each row alone are cheaper as
/// [MixtureOfExpertsSpec].
///
/// @param experts number of experts
/// @param active  experts whose outputs a row takes
/// @param expert  what each expert is
/// @param router  how scores become choice and weights
public record MixtureOfLayersSpec(int experts, int active, LayerSpec expert, Router router) implements LayerSpec {
    public MixtureOfLayersSpec {
        Check.positive("moeLayers.experts", experts);
        Check.positive("moeLayers.active", active);
        Check.present("moeLayers.expert", expert);
        Check.present("moeLayers.router", router);
        Check.divides("router.groups", router.groups(), "moeLayers.experts", experts);
        int perGroup = experts / router.groups();
        if (router.groups() > 1 && perGroup < 2) {
            throw new SpecException("router.groups", "(" + router.groups() + ") leaves groups of one expert; a group is judged "
                    + "by its two best");
        }
        if (active > perGroup * router.activeGroups()) {
            throw new SpecException("moeLayers.active", "(" + active + ") exceeds the " + perGroup * router.activeGroups()
                    + " experts a row may choose from");
        }
    }
}
