package dev.heddle.core.spec;

import java.util.List;

/// Feature maps that shrink from stage to stage while their channels double (Hatamizadeh & Kautz 2024, MambaVision):
/// a stem of two strided convolutions, stages, a batch norm, and the mean over all positions.
///
/// @param stem        channels between the two convolutions of the stem
/// @param stemEpsilon ε of the stem's batch norms
/// @param width       channels of the first stage
/// @param stages      the stages; between two of them a strided convolution halves the map and doubles its channels
/// @param epsilon     ε of the other batch norms
public record StagedBackboneSpec(int stem, double stemEpsilon, int width, List<ImageStageSpec> stages, double epsilon)
        implements ImageBackboneSpec {
    public StagedBackboneSpec {
        Check.positive("stages.stem", stem);
        Check.notNegative("stages.stemEpsilon", stemEpsilon);
        Check.positive("stages.width", width);
        stages = Check.list("stages.stages", stages);
        Check.notNegative("stages.epsilon", epsilon);
        if (stages.isEmpty() || stages.size() > 16) {
            throw new SpecException("stages.stages", "must be 1 to 16, not " + stages.size());
        }
    }

    /// Channels of a stage.
    public int width(int stage) {
        return Math.multiplyExact(width, 1 << stage);
    }

    @Override
    public int features() {
        return width(stages.size() - 1);
    }
}
