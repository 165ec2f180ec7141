package dev.heddle.train.convert;

import dev.heddle.core.layer.Inventory;
import dev.heddle.core.model.Model;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.LayerScaleSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.MixtureOfLayersSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormedSpec;
import dev.heddle.core.spec.ParallelSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import dev.heddle.core.spec.SharedUseSpec;
import dev.heddle.core.spec.SideInputSpec;
import dev.heddle.train.TrainingException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The one attention of each block of a transformer.
record TransformerBlocks(List<Inventory.Placed> attentions) {
    /// @throws TrainingException if some block has another mixer, several, none, or attention that cannot be replaced alone
    static TransformerBlocks of(Model model) {
        List<Inventory.Placed> attentions = new ArrayList<>();
        for (int i = 0; i < model.spec().blocks().size(); i++) {
            String block = "blocks." + i;
            List<Inventory.Placed> mixers = model.inventory().layers().stream().filter(placed -> placed.layer() instanceof MixerSpec
                    && (placed.use().equals(block) || placed.use().startsWith(block + "."))).toList();
            if (mixers.size() != 1 || !(mixers.getFirst().layer() instanceof AttentionSpec attention)) {
                throw new TrainingException(model.spec().name() + " is no transformer: layer " + i + " has " + (mixers.isEmpty() ? "no mixer"
                        : mixers.size() == 1 ? "another mixer than attention" : mixers.size() + " mixers") + ", expected one attention in each layer");
            }
            if (!mixers.getFirst().parameters().equals(mixers.getFirst().use()) || attention.inputWidth() != 0 || !attention.outputProjection()
                    || attention.adapterRank() != 0 || !attention.differential().isNone()
                    || !(attention.keyValues() instanceof AttentionSpec.KeyValueSource.Own)) {
                throw new TrainingException("the attention of layer " + i + " of " + model.spec().name() + " is shared with other layers, "
                        + "differential or without an output projection, and cannot be replaced by a mixer of its own");
            }
            attentions.add(mixers.getFirst());
        }
        return new TransformerBlocks(List.copyOf(attentions));
    }

    int size() {
        return attentions.size();
    }

    AttentionSpec attention(int layer) {
        return (AttentionSpec) attentions.get(layer).layer();
    }

    /// Path of a layer's attention parameters.
    String path(int layer) {
        return attentions.get(layer).parameters();
    }

    /// The architecture with other mixers in some layers.
    ModelSpec with(ModelSpec spec, Map<Integer, MixerSpec> mixers) {
        List<LayerSpec> blocks = new ArrayList<>(spec.blocks());
        mixers.forEach((layer, mixer) -> blocks.set(layer, replaced(blocks.get(layer), mixer)));
        return new ModelSpec(spec.name() + "-hybrid", "heddle", spec.vocabulary(), spec.width(), spec.context(), spec.embedding(), blocks, spec.shared(),
                spec.finalNorm(), spec.head());
    }

    private static LayerSpec replaced(LayerSpec layer, MixerSpec mixer) {
        return switch (layer) {
            case AttentionSpec _ -> mixer;
            case ResidualSpec residual -> new ResidualSpec(residual.preNorm(), replaced(residual.body(), mixer), residual.postNorm(),
                    residual.scale());
            case SequenceSpec sequence -> new SequenceSpec(sequence.layers().stream().map(part -> replaced(part, mixer)).toList());
            case NormedSpec normed -> new NormedSpec(normed.norm(), normed.width(), replaced(normed.body(), mixer));
            case LayerScaleSpec scaled -> new LayerScaleSpec(replaced(scaled.body(), mixer));
            case SideInputSpec side -> new SideInputSpec(replaced(side.side(), mixer), replaced(side.body(), mixer));
            case ParallelSpec parallel -> new ParallelSpec(parallel.branches().stream().map(branch -> new ParallelSpec.Branch(branch.name(),
                    replaced(branch.layer(), mixer), branch.inputScale(), branch.norm(), branch.outputScale())).toList(), parallel.merge(),
                    parallel.inner());
            case SharedUseSpec _, MixtureOfLayersSpec _, MixerSpec _, ChannelMixerSpec _ -> layer;
        };
    }
}
