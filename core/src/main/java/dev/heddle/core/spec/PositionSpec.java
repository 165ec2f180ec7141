package dev.heddle.core.spec;

/// How attention knows positions.
public sealed interface PositionSpec permits PositionSpec.None, PositionSpec.Rotary, PositionSpec.Alibi {
    PositionSpec NONE = new None();

    /// No positional encoding.
    record None() implements PositionSpec {
    }

    /// Rotary embedding (Su et al. 2021, RoFormer).
    ///
    /// @param theta       base of the geometric frequencies
    /// @param dimensions  leading dimensions of each head that are rotated
    /// @param interleaved pairs (0,1),(2,3)… when true; (0,d/2),(1,d/2+1)… (GPT-NeoX) when false
    /// @param scaling     change of the frequencies for long contexts
    record Rotary(
            @Default("10000") double theta,
            int dimensions,
            @Default("false") boolean interleaved,
            @Default("none") RopeScaling scaling) implements PositionSpec {
        public Rotary {
            Check.positive("rotary.dimensions", dimensions);
            Check.divides("2", 2, "rotary.dimensions", dimensions);
            Check.present("rotary.scaling", scaling);
            if (!(theta > 0)) {
                throw new SpecException("rotary.theta", "must be positive, not " + theta);
            }
            if (scaling instanceof RopeScaling.Divisors(var divisors) && divisors.size() != dimensions / 2) {
                throw new SpecException("rotary.scaling.divisors", "are " + divisors.size() + ", expected one for each of the "
                        + dimensions / 2 + " pairs of rotary.dimensions");
            }
        }

        public static Rotary of(double theta, int dimensions) {
            return new Rotary(theta, dimensions, false, RopeScaling.NONE);
        }
    }

    /// Linear biases (Press et al. 2022, "Train Short, Test Long").
    record Alibi() implements PositionSpec {
    }
}
