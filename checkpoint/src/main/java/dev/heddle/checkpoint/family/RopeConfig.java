package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.RopeScaling;

/// Rotary settings of a configuration: `rope_parameters`, or `rope_theta` with `rope_scaling`.
final class RopeConfig {
    private RopeConfig() {
    }

    /// @param headDim       width of a head
    /// @param defaultTheta  base where the configuration names none
    /// @param defaultPartial rotated share of a head where the configuration names none
    static PositionSpec.Rotary of(Config config, int headDim, double defaultTheta, double defaultPartial) {
        Config parameters = config.sectionOrEmpty("rope_parameters");
        Config scaling = config.isSection("rope_parameters") ? parameters : config.sectionOrEmpty("rope_scaling");
        double theta = parameters.number("rope_theta", config.number("rope_theta", defaultTheta));
        double partial = parameters.number("partial_rotary_factor", config.number("partial_rotary_factor", defaultPartial));
        int dimensions = (int) (headDim * partial);
        return new PositionSpec.Rotary(theta, dimensions, false, scaling(config, scaling));
    }

    static PositionSpec.Rotary of(Config config, int headDim) {
        return of(config, headDim, 10000, 1);
    }

    /// Where sliding and full layers rotate differently (Gemma 3): `rope_parameters.sliding_attention` and
    /// `rope_parameters.full_attention`. Older files write `rope_theta` and `rope_scaling` of the full layers and
    /// `rope_local_base_freq` of the sliding ones.
    static PositionSpec.Rotary ofLayerType(Config config, boolean full, int headDim) {
        double defaultTheta = config.number(full ? "rope_theta" : "rope_local_base_freq", full ? 1e6 : 1e4);
        Config parameters = config.sectionOrEmpty("rope_parameters")
                .sectionOrEmpty(full ? "full_attention" : "sliding_attention");
        Config scaling = config.has("rope_parameters") || !full ? parameters : config.sectionOrEmpty("rope_scaling");
        return new PositionSpec.Rotary(parameters.number("rope_theta", defaultTheta), headDim, false,
                scaling(config, scaling));
    }

    private static RopeScaling scaling(Config config, Config scaling) {
        String type = scaling.stringAnyOr("default", "rope_type", "type");
        return switch (type) {
            case "default" -> RopeScaling.NONE;
            case "linear" -> new RopeScaling.Linear(scaling.number("factor"));
            case "llama3" -> new RopeScaling.Llama3(scaling.number("factor"), scaling.number("low_freq_factor"),
                    scaling.number("high_freq_factor"), scaling.integer("original_max_position_embeddings"));
            case "yarn" -> yarn(config, scaling);
            default -> throw scaling.invalid(scaling.has("rope_type") ? "rope_type" : "type",
                    "one of default, linear, llama3, yarn");
        };
    }

    private static RopeScaling yarn(Config config, Config scaling) {
        double factor = scaling.number("factor");
        double mscale = scaling.number("mscale", 0);
        double mscaleAll = scaling.number("mscale_all_dim", 0);
        double attention = mscale != 0 && mscaleAll != 0 ? magnitude(factor, mscale) / magnitude(factor, mscaleAll)
                : magnitude(factor, 1);
        int original = scaling.integer("original_max_position_embeddings", config.integer("max_position_embeddings"));
        return new RopeScaling.Yarn(factor, scaling.number("beta_fast", 32), scaling.number("beta_slow", 1), original,
                scaling.number("attention_factor", attention));
    }

    private static double magnitude(double factor, double mscale) {
        return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
    }
}
