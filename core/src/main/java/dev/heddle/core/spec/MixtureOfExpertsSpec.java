package dev.heddle.core.spec;

import java.util.Optional;

/// A router sends each row to a few of many experts (Shazeer et al. 2017; Fedus et al. 2022), beside which an expert
/// may stand that every row visits (Dai et al. 2024, DeepSeekMoE):
///
/// y = up(Σ_j w_j · expert_j(down(x))) + σ(g·x) · shared(x)
///
/// with down and up the identity unless the experts live in a latent space, and σ(g·x) = 1 unless the shared expert
/// is gated.
///
/// @param experts number of experts
/// @param active  experts a row is sent to
/// @param expert  what each expert is
/// @param router  how scores become choice and weights
/// @param shared  the expert every row visits
/// @param latent  the narrower space in which the experts work (Nemotron-3); [Latent#NONE] for the model's own
public record MixtureOfExpertsSpec(
        int experts,
        int active,
        ChannelMixerSpec expert,
        Router router,
        @Default("none") Optional<Shared> shared,
        @Default("none") Latent latent) implements ChannelMixerSpec {
    /// How the router's linear scores become the choice and the weights of experts.
    ///
    /// Sinkhorn balancing (Clark et al. 2022; BlackMamba) replaces the choice while training alone; a trained model
    /// chooses by the scores.
    ///
    /// @param scoring          what the weights are made of
    /// @param bias             whether the router's linear map has a bias
    /// @param choiceBias       whether a learned number for each expert is added for the choice, not to the weights
    ///                         (Wang et al. 2024, balancing without auxiliary loss)
    /// @param groups           groups of consecutive experts; 1 for none
    /// @param activeGroups     groups in which a row finds its experts: those with the largest sum of their two best
    ///                         scores (DeepSeek-V3)
    /// @param normalise        whether the chosen weights are divided by their sum
    /// @param normaliseEpsilon added to that sum
    /// @param scale            factor on the weights
    public record Router(
            Scoring scoring,
            @Default("false") boolean bias,
            @Default("false") boolean choiceBias,
            @Default("1") int groups,
            @Default("1") int activeGroups,
            @Default("false") boolean normalise,
            @Default("0") double normaliseEpsilon,
            @Default("1") double scale) {
        /// Softmax over all experts before the choice, over the chosen ones after it, or a sigmoid of each.
        public enum Scoring { SOFTMAX_THEN_CHOOSE, CHOOSE_THEN_SOFTMAX, SIGMOID }

        public Router {
            Check.present("router.scoring", scoring);
            Check.positive("router.activeGroups", activeGroups);
            Check.notNegative("router.normaliseEpsilon", normaliseEpsilon);
            Check.finite("router.scale", scale);
            if (activeGroups > groups) {
                throw new SpecException("router.activeGroups", "(" + activeGroups + ") exceeds router.groups (" + groups + ")");
            }
        }

        private static Router plain(Scoring scoring) {
            return new Router(scoring, false, false, 1, 1, false, 0, 1);
        }

        /// Weights are the probabilities among all experts.
        public static Router softmax() {
            return plain(Scoring.SOFTMAX_THEN_CHOOSE);
        }

        /// Weights are the probabilities among the chosen experts.
        public static Router softmaxOfChosen() {
            return plain(Scoring.CHOOSE_THEN_SOFTMAX);
        }

        /// Weights are the sigmoids of the scores.
        public static Router sigmoid() {
            return plain(Scoring.SIGMOID);
        }

        public Router withBias(boolean bias) {
            return new Router(scoring, bias, choiceBias, groups, activeGroups, normalise, normaliseEpsilon, scale);
        }

        public Router withChoiceBias(boolean choiceBias) {
            return new Router(scoring, bias, choiceBias, groups, activeGroups, normalise, normaliseEpsilon, scale);
        }

        public Router withGroups(int groups, int activeGroups) {
            return new Router(scoring, bias, choiceBias, groups, activeGroups, normalise, normaliseEpsilon, scale);
        }

        /// @param epsilon added to the sum
        public Router withNormalised(boolean normalise, double epsilon) {
            return new Router(scoring, bias, choiceBias, groups, activeGroups, normalise, epsilon, scale);
        }

        public Router withScale(double scale) {
            return new Router(scoring, bias, choiceBias, groups, activeGroups, normalise, normaliseEpsilon, scale);
        }
    }

    /// An expert that every row visits.
    ///
    /// @param expert what it is
    /// @param gated  whether a sigmoid of a linear map of the row multiplies its output (Qwen2-MoE)
    public record Shared(ChannelMixerSpec expert, @Default("false") boolean gated) {
        public Shared {
            Check.present("moe.shared.expert", expert);
        }
    }

    /// A linear map into the space of the experts and one back.
    ///
    /// @param width width of that space; 0 for none
    /// @param bias  biases of both maps
    public record Latent(int width, @Default("false") boolean bias) {
        public static final Latent NONE = new Latent(0, false);

        public Latent {
            Check.notNegative("moe.latent.width", width);
        }

        public boolean isNone() {
            return width == 0;
        }
    }

    public MixtureOfExpertsSpec {
        Check.positive("moe.experts", experts);
        Check.positive("moe.active", active);
        Check.present("moe.expert", expert);
        Check.present("moe.router", router);
        Check.present("moe.shared", shared);
        Check.present("moe.latent", latent);
        Check.divides("router.groups", router.groups(), "moe.experts", experts);
        int perGroup = experts / router.groups();
        if (router.groups() > 1 && perGroup < 2) {
            throw new SpecException("router.groups", "(" + router.groups() + ") leaves groups of one expert; a group is judged "
                    + "by its two best");
        }
        if (active > perGroup * router.activeGroups()) {
            throw new SpecException("moe.active", "(" + active + ") exceeds " + (router.groups() == 1
                    ? "moe.experts (" + experts + ")"
                    : "the " + perGroup * router.activeGroups() + " experts of router.activeGroups groups"));
        }
    }

    /// Experts of the model's width and no shared one.
    public static MixtureOfExpertsSpec of(int experts, int active, ChannelMixerSpec expert, Router router) {
        return new MixtureOfExpertsSpec(experts, active, expert, router, Optional.empty(), Latent.NONE);
    }

    /// With an expert that every row visits.
    public MixtureOfExpertsSpec withShared(ChannelMixerSpec expert) {
        return new MixtureOfExpertsSpec(experts, active, this.expert, router, Optional.of(new Shared(expert, false)), latent);
    }

    /// With an expert that every row visits and whose output a sigmoid of the row multiplies.
    public MixtureOfExpertsSpec withGatedShared(ChannelMixerSpec expert) {
        return new MixtureOfExpertsSpec(experts, active, this.expert, router, Optional.of(new Shared(expert, true)), latent);
    }

    public MixtureOfExpertsSpec withLatent(int width, boolean bias) {
        return new MixtureOfExpertsSpec(experts, active, expert, router, shared, new Latent(width, bias));
    }
}
