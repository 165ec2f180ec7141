package dev.heddle.core.layer;

import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.GatedDeltaNetSpec;
import dev.heddle.core.spec.GatedMemoryUnitSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.ImageMixerSpec;
import dev.heddle.core.spec.LatentAttentionSpec;
import dev.heddle.core.spec.LayerScaleSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.LinearAttentionSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfLayersSpec;
import dev.heddle.core.spec.MlpSpec;
import dev.heddle.core.spec.NormedSpec;
import dev.heddle.core.spec.ParallelSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.RetentionSpec;
import dev.heddle.core.spec.RgLruSpec;
import dev.heddle.core.spec.Rwkv4TimeMixSpec;
import dev.heddle.core.spec.Rwkv5TimeMixSpec;
import dev.heddle.core.spec.Rwkv6TimeMixSpec;
import dev.heddle.core.spec.Rwkv7TimeMixSpec;
import dev.heddle.core.spec.RwkvChannelMixSpec;
import dev.heddle.core.spec.S4dSpec;
import dev.heddle.core.spec.SequenceSpec;
import dev.heddle.core.spec.SharedUseSpec;
import dev.heddle.core.spec.ShortConvolutionSpec;
import dev.heddle.core.spec.SideInputSpec;

/// Builds layers from their specifications.
public final class Layers {
    private Layers() {
    }

    /// @param place where the layer's parameters and states are named
    public static Layer build(LayerSpec spec, Scope place) {
        Scope scope = place.enter(spec);
        return switch (spec) {
            case ResidualSpec residual -> new Residual(residual, scope);
            case SequenceSpec sequence -> new Sequence(sequence, scope);
            case ParallelSpec parallel -> new Parallel(parallel, scope);
            case NormedSpec normed -> new Normed(normed, scope);
            case SideInputSpec side -> new SideInput(side, scope);
            case SharedUseSpec use -> new SharedUse(use, scope);
            case LayerScaleSpec scaled -> new LayerScale(scaled, scope);
            case MixtureOfLayersSpec mixture -> new MixtureOfLayers(mixture, scope);
            case ImageMixerSpec mixer -> Bidirectional.build(mixer, scope);
            case AttentionSpec attention -> attention.differential().isNone() ? new GroupedQueryAttention(attention, scope)
                    : new DifferentialAttention(attention, scope);
            case GatedDeltaNetSpec net -> new GatedDeltaNet(net, scope);
            case LinearAttentionSpec attention -> new LinearAttentionLayer(attention, scope);
            case S4dSpec s4d -> new S4d(s4d, scope);
            case GatedMemoryUnitSpec unit -> new GatedMemoryUnit(unit, scope);
            case LatentAttentionSpec latent -> new LatentAttention(latent, scope);
            case Mamba1Spec mamba -> new Mamba1(mamba, scope);
            case Mamba2Spec mamba -> new Mamba2(mamba, scope);
            case RetentionSpec retention -> new MultiScaleRetention(retention, scope);
            case RgLruSpec recurrence -> new RgLruBlock(recurrence, scope);
            case Rwkv4TimeMixSpec rwkv -> new Rwkv4TimeMix(rwkv, scope);
            case Rwkv5TimeMixSpec rwkv -> new Rwkv5TimeMix(rwkv, scope);
            case Rwkv6TimeMixSpec rwkv -> new Rwkv6TimeMix(rwkv, scope);
            case Rwkv7TimeMixSpec rwkv -> new Rwkv7TimeMix(rwkv, scope);
            case ShortConvolutionSpec convolution -> new ShortConvolution(convolution, scope);
            case GatedMlpSpec mlp -> new GatedMlp(mlp, scope);
            case MlpSpec mlp -> new Mlp(mlp, scope);
            case MixtureOfExpertsSpec experts -> new MixtureOfExperts(experts, scope);
            case RwkvChannelMixSpec rwkv -> new RwkvChannelMix(rwkv, scope);
        };
    }
}
