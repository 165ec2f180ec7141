package dev.heddle.core.spec;

/// A normalisation of rows.
///
/// @param kind       RMS: x / sqrt(mean(x²) + ε) · w; LAYER: (x − mean) / sqrt(var + ε) · w + b; L2: x / max(‖x‖, ε)
/// @param epsilon    added under the root
/// @param weighted   whether there is a learned weight
/// @param bias       whether there is a learned bias
/// @param unitOffset whether the stored weight is w − 1 (Gemma, Griffin)
public record NormSpec(
        Kind kind,
        double epsilon,
        @Default("true") boolean weighted,
        @Default("false") boolean bias,
        @Default("false") boolean unitOffset) {
    public enum Kind { NONE, RMS, LAYER, L2 }

    /// No normalisation at all.
    public static final NormSpec NONE = new NormSpec(Kind.NONE, 0, false, false, false);

    public NormSpec {
        Check.present("norm.kind", kind);
        Check.notNegative("norm.epsilon", epsilon);
    }

    public static NormSpec rms(double epsilon) {
        return new NormSpec(Kind.RMS, epsilon, true, false, false);
    }

    public static NormSpec rmsUnitOffset(double epsilon) {
        return new NormSpec(Kind.RMS, epsilon, true, false, true);
    }

    public static NormSpec rmsUnweighted(double epsilon) {
        return new NormSpec(Kind.RMS, epsilon, false, false, false);
    }

    public static NormSpec layer(double epsilon) {
        return new NormSpec(Kind.LAYER, epsilon, true, true, false);
    }

    public boolean isNone() {
        return kind == Kind.NONE;
    }
}
