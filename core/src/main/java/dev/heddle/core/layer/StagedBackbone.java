package dev.heddle.core.layer;

import dev.heddle.core.op.Activate;
import dev.heddle.core.op.MeanRows;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.ConvolutionStageSpec;
import dev.heddle.core.spec.ImageModelSpec;
import dev.heddle.core.spec.StagedBackboneSpec;
import dev.heddle.core.spec.WindowStageSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/// Stem, stages with a strided convolution between them, batch norm, and the mean over all positions.
///
/// Parameters: `stem.0`, `stem.1` with `conv.weight` and `norm…` each, `stages.i.j…`, `stages.i.reduce.weight`, `norm…`.
final class StagedBackbone implements Backbone {
    private record Stem(Convolution conv, ChannelNorm norm) {
        FeatureMap forward(Pass pass, FeatureMap map) {
            FeatureMap reduced = conv.forward(pass, map);
            return reduced.with(Activate.apply(pass, norm.forward(pass, reduced.x()), Activation.RELU));
        }
    }

    private final List<Stem> stem = new ArrayList<>();
    private final List<ImageStage> stages = new ArrayList<>();
    private final List<Convolution> reductions = new ArrayList<>();
    private final ChannelNorm norm;

    StagedBackbone(ImageModelSpec model, StagedBackboneSpec spec, Scope scope) {
        int[] channels = {model.channels(), spec.stem(), spec.width()};
        for (int i = 0; i < 2; i++) {
            Scope step = scope.child("stem." + i);
            stem.add(new Stem(new Convolution(step.child("conv"), channels[i], channels[i + 1], 3, 2, 1, false),
                    new ChannelNorm(step.child("norm"), channels[i + 1], spec.stemEpsilon())));
        }
        for (int i = 0; i < spec.stages().size(); i++) {
            int width = spec.width(i);
            Scope child = scope.child("stages." + i).withWidth(width);
            stages.add(switch (spec.stages().get(i)) {
                case ConvolutionStageSpec stage -> new ConvolutionStage(stage, spec.epsilon(), child);
                case WindowStageSpec stage -> new WindowStage(stage, child);
            });
            if (i + 1 < spec.stages().size()) {
                reductions.add(new Convolution(child.child("reduce"), width, 2 * width, 3, 2, 1, false));
            }
        }
        norm = new ChannelNorm(scope.child("norm"), spec.features(), spec.epsilon());
    }

    @Override
    public Tensor features(Pass pass, FeatureMap pixels) {
        FeatureMap map = pixels;
        for (Stem step : stem) {
            map = step.forward(pass, map);
        }
        for (int i = 0; i < stages.size(); i++) {
            map = stages.get(i).forward(pass, map);
            if (i < reductions.size()) {
                map = reductions.get(i).forward(pass, map);
            }
        }
        return MeanRows.apply(pass, norm.forward(pass, map.x()), map.height() * map.width());
    }
}
