package dev.heddle.core.spec;

/// y = body(x + side(x)): what the side layer computes enters the body but not the residual stream around it
/// (Glorioso et al. 2024, Zamba, eq. 6).
///
/// @param side the layer whose output is added to what the body reads
/// @param body the layer inside
public record SideInputSpec(LayerSpec side, LayerSpec body) implements LayerSpec {
    public SideInputSpec {
        Check.present("sideInput.side", side);
        Check.present("sideInput.body", body);
    }
}
