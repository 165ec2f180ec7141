package dev.heddle.train.convert;

import dev.heddle.core.layer.Inventory;
import dev.heddle.core.model.Model;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.GatedDeltaNetSpec;
import dev.heddle.core.spec.GatedMemoryUnitSpec;
import dev.heddle.core.spec.ImageMixerSpec;
import dev.heddle.core.spec.LatentAttentionSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.LinearAttentionSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.MixtureOfLayersSpec;
import dev.heddle.core.spec.ParallelSpec;
import dev.heddle.core.spec.RetentionSpec;
import dev.heddle.core.spec.RgLruSpec;
import dev.heddle.core.spec.Rwkv4TimeMixSpec;
import dev.heddle.core.spec.Rwkv5TimeMixSpec;
import dev.heddle.core.spec.Rwkv6TimeMixSpec;
import dev.heddle.core.spec.Rwkv7TimeMixSpec;
import dev.heddle.core.spec.S4dSpec;
import dev.heddle.core.spec.SharedUseSpec;
import dev.heddle.core.spec.ShortConvolutionSpec;
import dev.heddle.train.TrainingException;
import java.util.List;

/// The mixers of a recurrent checkpoint that can stand in another model: those that need nothing of other layers.
final class DonatedMixers {
    private DonatedMixers() {
    }

    /// In the order of their layers.
    ///
    /// @param width of the model that takes them
    /// @throws TrainingException if there are none or the widths differ
    static List<Inventory.Placed> of(Model donor, int width, String name) {
        if (donor.spec().width() != width) {
            throw new TrainingException("the mixers of " + name + " are made for a width of " + donor.spec().width() + ", the transformer's is " + width);
        }
        List<Inventory.Placed> mixers = donor.inventory().layers().stream()
                .filter(placed -> placed.layer() instanceof MixerSpec mixer && standsAlone(mixer) && isPlain(placed)).toList();
        if (mixers.isEmpty()) {
            throw new TrainingException(name + " has no recurrent mixer that could stand in another model");
        }
        return mixers;
    }

    /// Whether it reads the residual stream and gives back rows of its width.
    private static boolean isPlain(Inventory.Placed placed) {
        return !placed.within(ParallelSpec.class) && !placed.within(SharedUseSpec.class)
                && !placed.within(MixtureOfLayersSpec.class);
    }

    private static boolean standsAlone(LayerSpec mixer) {
        return switch ((MixerSpec) mixer) {
            case Mamba1Spec mamba -> mamba.publishes().isEmpty() && mamba.outputProjection();
            case Mamba2Spec _, GatedDeltaNetSpec _, LinearAttentionSpec _, RetentionSpec _, RgLruSpec _, Rwkv4TimeMixSpec _, Rwkv5TimeMixSpec _,
                    Rwkv6TimeMixSpec _, S4dSpec _, ShortConvolutionSpec _ -> true;
            // RWKV-7 blends in the first layer's values, memory units what another layer has gathered
            case Rwkv7TimeMixSpec _, GatedMemoryUnitSpec _, AttentionSpec _, LatentAttentionSpec _, ImageMixerSpec _ -> false;
        };
    }
}
