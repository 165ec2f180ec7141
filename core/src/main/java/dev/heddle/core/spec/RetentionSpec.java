package dev.heddle.core.spec;

/// Multi-scale retention (Sun et al. 2023, "Retentive Network").
///
/// @param heads      heads H
/// @param keyDim     width of a query and key head
/// @param valueDim   width of a value head
/// @param position   rotation of queries and keys
/// @param decay      how fast each head forgets
/// @param normalised whether rows are divided by the root of the sum of their decays
/// @param headNorm   norm of each head's output
public record RetentionSpec(int heads, int keyDim, int valueDim, PositionSpec.Rotary position, Decay decay,
        boolean normalised, NormSpec headNorm) implements MixerSpec {
    /// Decay γ of head h of H.
    public enum Decay {
        /// γ = 1 − 2^(−5−h).
        POWERS_OF_TWO,
        /// γ = 1 − e^x, x evenly spaced from ln(1/32) to ln(1/512).
        LOG_SPACED;

        /// ln γ.
        public double log(int head, int heads) {
            double step = heads == 1 ? 0 : (double) head / (heads - 1);
            return Math.log1p(-switch (this) {
                case POWERS_OF_TWO -> Math.pow(2, -5 - head);
                case LOG_SPACED -> Math.exp(Math.log(1 / 32.0) + step * Math.log(32.0 / 512));
            });
        }
    }

    public RetentionSpec {
        Check.positive("retention.heads", heads);
        Check.positive("retention.keyDim", keyDim);
        Check.positive("retention.valueDim", valueDim);
        Check.present("retention.position", position);
        Check.present("retention.decay", decay);
        Check.present("retention.headNorm", headNorm);
        if (position.dimensions() > keyDim) {
            throw new SpecException("retention.position.dimensions",
                    "(" + position.dimensions() + ") exceeds retention.keyDim (" + keyDim + ")");
        }
    }
}
