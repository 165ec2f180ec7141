package dev.heddle.core.spec;

/// A router sends each row to a few of many experts (Shazeer et al. 2017; Fedus et al. 2022).
///
/// @param experts   number of experts
/// @param active    experts a row is sent to
/// @param expert    what each expert is
/// @param router    how scores become weights
public record MixtureOfExpertsSpec(int experts, int active, ChannelMixerSpec expert, Router router)
        implements ChannelMixerSpec {
    /// @param scoring       softmax over all experts before the choice, over the chosen ones after it, or a sigmoid of each
    /// @param normalise     whether the chosen weights are divided by their sum
    /// @param bias          whether the router's linear map has a bias
    /// @param scale         factor on the weights
    public record Router(Scoring scoring, boolean normalise, boolean bias, double scale) {
        public enum Scoring { SOFTMAX_THEN_CHOOSE, CHOOSE_THEN_SOFTMAX, SIGMOID }

        public Router {
            Check.present("router.scoring", scoring);
            Check.finite("router.scale", scale);
        }
    }

    public MixtureOfExpertsSpec {
        Check.positive("moe.experts", experts);
        Check.positive("moe.active", active);
        Check.present("moe.expert", expert);
        Check.present("moe.router", router);
        if (active > experts) {
            throw new SpecException("moe.active", "(" + active + ") exceeds moe.experts (" + experts + ")");
        }
    }
}
