package dev.heddle.core.spec;

/// y = x + scale · postNorm(body(preNorm(x))).
///
/// @param preNorm  normalises what enters the body; [NormSpec#NONE] for none
/// @param body     the layer inside
/// @param postNorm normalises what leaves the body; [NormSpec#NONE] for none
/// @param scale    residual multiplier (Granite); 1 for none
public record ResidualSpec(
        NormSpec preNorm,
        LayerSpec body,
        @Default("none") NormSpec postNorm,
        @Default("1") double scale) implements LayerSpec {
    public ResidualSpec {
        Check.present("residual.preNorm", preNorm);
        Check.present("residual.body", body);
        Check.present("residual.postNorm", postNorm);
        Check.finite("residual.scale", scale);
    }

    /// The usual pre-norm residual.
    public static ResidualSpec of(NormSpec preNorm, LayerSpec body) {
        return new ResidualSpec(preNorm, body, NormSpec.NONE, 1);
    }
}
