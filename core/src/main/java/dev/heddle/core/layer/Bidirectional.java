package dev.heddle.core.layer;

import dev.heddle.core.spec.BidirectionalAttentionSpec;
import dev.heddle.core.spec.BidirectionalMambaSpec;
import dev.heddle.core.spec.ImageMixerSpec;
import dev.heddle.core.spec.MambaVisionMixerSpec;
import dev.heddle.core.spec.SpecException;

/// Builds mixers that see a whole sequence at once, and keeps them out of language models.
final class Bidirectional {
    private Bidirectional() {
    }

    static Layer build(ImageMixerSpec spec, Scope scope) {
        if (!scope.isImage()) {
            throw new SpecException(scope.use(), "is " + spec.getClass().getSimpleName()
                    + ", which sees the tokens to come; only image models can use it");
        }
        return switch (spec) {
            case BidirectionalAttentionSpec attention -> new BidirectionalAttentionLayer(attention, scope);
            case BidirectionalMambaSpec mamba -> new BidirectionalMamba(mamba, scope);
            case MambaVisionMixerSpec mixer -> new MambaVisionMixer(mixer, scope);
        };
    }
}
