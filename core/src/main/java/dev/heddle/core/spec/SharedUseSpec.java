package dev.heddle.core.spec;

/// Another use of a block whose parameters the model holds once (`ModelSpec.shared`). State is keyed by use,
/// parameters and gradients by the shared block.
public record SharedUseSpec(String block) implements LayerSpec {
    public SharedUseSpec {
        Check.present("sharedUse.block", block);
    }
}
