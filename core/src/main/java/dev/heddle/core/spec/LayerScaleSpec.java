package dev.heddle.core.spec;

/// y = γ ⊙ body(x) with a learned factor for each channel (Touvron et al. 2021, LayerScale).
public record LayerScaleSpec(LayerSpec body) implements LayerSpec {
    public LayerScaleSpec {
        Check.present("layerScale.body", body);
    }
}
