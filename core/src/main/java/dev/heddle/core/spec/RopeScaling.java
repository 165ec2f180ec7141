package dev.heddle.core.spec;

import java.util.List;

/// A change of the rotary frequencies θ_i = base^(−2i/d) that stretches the context.
public sealed interface RopeScaling {
    RopeScaling NONE = new None();

    /// The frequency of pair `pair` of `dimensions`/2, given its unscaled value, in radians per position.
    float scale(float frequency, int pair, double theta, int dimensions);

    /// The base the unscaled frequencies are computed from.
    default double base(double theta, int dimensions) {
        return theta;
    }

    /// Factor on cos and sin.
    default double tableFactor() {
        return 1;
    }

    /// Angular frequency of each of the `dimensions`/2 pairs, in radians per position.
    default float[] frequencies(double theta, int dimensions) {
        double base = base(theta, dimensions);
        float[] frequency = new float[dimensions / 2];
        for (int i = 0; i < frequency.length; i++) {
            // single precision like the reference implementations, whose powers are f32
            float plain = 1f / (float) Math.pow(base, (float) (2 * i) / dimensions);
            frequency[i] = scale(plain, i, theta, dimensions);
        }
        return frequency;
    }

    record None() implements RopeScaling {
        @Override
        public float scale(float frequency, int pair, double theta, int dimensions) {
            return frequency;
        }
    }

    /// All frequencies divided by `factor`.
    record Linear(double factor) implements RopeScaling {
        public Linear {
            Check.positive("ropeScaling.factor", (long) Math.ceil(factor));
        }

        @Override
        public float scale(float frequency, int pair, double theta, int dimensions) {
            return (float) (frequency / factor);
        }
    }

    /// Each frequency divided by its own number, as files store other scalings once they are worked out.
    record Divisors(List<Double> divisors) implements RopeScaling {
        public Divisors {
            divisors = List.copyOf(divisors);
            for (double divisor : divisors) {
                if (!(divisor > 0)) {
                    throw new SpecException("ropeScaling.divisors", "must be positive, not " + divisor);
                }
            }
        }

        @Override
        public float scale(float frequency, int pair, double theta, int dimensions) {
            return (float) (frequency / divisors.get(pair));
        }
    }

    /// Llama 3.1: low frequencies divided by `factor`, high ones kept, a smooth passage between.
    record Llama3(double factor, double lowFrequencyFactor, double highFrequencyFactor, int originalContext)
            implements RopeScaling {
        @Override
        public float scale(float frequency, int pair, double theta, int dimensions) {
            double wavelength = 2 * Math.PI / frequency;
            if (wavelength > originalContext / lowFrequencyFactor) {
                return (float) (frequency / factor);
            }
            if (wavelength < originalContext / highFrequencyFactor) {
                return frequency;
            }
            double smooth = (originalContext / wavelength - lowFrequencyFactor)
                    / (highFrequencyFactor - lowFrequencyFactor);
            return (float) ((1 - smooth) * frequency / factor + smooth * frequency);
        }
    }

    /// YaRN (Peng et al. 2023): interpolation by wavelength and a factor on cos and sin.
    record Yarn(double factor, double betaFast, double betaSlow, int originalContext, double attentionFactor)
            implements RopeScaling {
        @Override
        public float scale(float frequency, int pair, double theta, int dimensions) {
            double low = Math.max(0, Math.floor(dimension(betaFast, theta, dimensions)));
            double high = Math.min(dimensions - 1, Math.ceil(dimension(betaSlow, theta, dimensions)));
            double span = high == low ? 0.001 : high - low;
            double interpolate = Math.clamp((pair - low) / span, 0, 1);
            return (float) (frequency / factor * interpolate + frequency * (1 - interpolate));
        }

        private double dimension(double rotations, double theta, int dimensions) {
            return dimensions * Math.log(originalContext / (rotations * 2 * Math.PI)) / (2 * Math.log(theta));
        }

        @Override
        public double tableFactor() {
            return attentionFactor;
        }
    }

    /// NTK-aware: the base times `factor`^(d/(d−2)).
    record Ntk(double factor) implements RopeScaling {
        @Override
        public float scale(float frequency, int pair, double theta, int dimensions) {
            return frequency;
        }

        @Override
        public double base(double theta, int dimensions) {
            return theta * Math.pow(factor, dimensions / (dimensions - 2.0));
        }
    }

    /// Not a scaling but other exponents: θ_i = base^(−i/(d/2−1)), so that the last pair turns at 1/base (RetNet).
    record Inclusive() implements RopeScaling {
        @Override
        public float scale(float frequency, int pair, double theta, int dimensions) {
            return (float) (1 / Math.pow(theta, pair == 0 ? 0 : pair / (dimensions / 2 - 1.0)));
        }
    }
}
