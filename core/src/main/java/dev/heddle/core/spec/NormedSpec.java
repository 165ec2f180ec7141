package dev.heddle.core.spec;

/// y = body(norm(x)), a normalised layer without a residual (inside Zamba's shared block).
///
/// @param norm  normalises what enters the body
/// @param width columns of x; 0 means the model's width
/// @param body  the layer inside
public record NormedSpec(NormSpec norm, @Default("0") int width, LayerSpec body) implements LayerSpec {
    public NormedSpec {
        Check.present("normed.norm", norm);
        Check.notNegative("normed.width", width);
        Check.present("normed.body", body);
    }

    public static NormedSpec of(NormSpec norm, LayerSpec body) {
        return new NormedSpec(norm, 0, body);
    }
}
