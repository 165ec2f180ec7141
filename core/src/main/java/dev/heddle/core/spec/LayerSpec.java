package dev.heddle.core.spec;

/// One node of a block: it maps rows [T, D] to rows [T, D].
///
/// Combinators (residual, sequence, norm before a layer, side input, parallel, shared use, layer scale, mixture of layers)
/// hold other layers; mixers move information between positions; channel mixers work on each position alone.
public sealed interface LayerSpec permits ResidualSpec, SequenceSpec, NormedSpec, SideInputSpec,
        ParallelSpec, SharedUseSpec, LayerScaleSpec, MixtureOfLayersSpec, MixerSpec,
        ChannelMixerSpec {
}
