package dev.heddle.core.model.analysis;

import dev.heddle.core.layer.Inventory;
import dev.heddle.core.layer.ParameterSource;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfLayersSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// How many numbers a model has learned, and where.
///
/// @param total  each parameter once, tied and shared ones too
/// @param active those one token uses
/// @param parts  the same by part, in the order of the model
public record ParameterCounts(long total, long active, List<Part> parts) {
    /// Groups of parts.
    public enum Group { EMBEDDING, MIXER, CHANNEL_MIXER, EXPERTS, CONVOLUTIONS, PROJECTIONS, NORMS, HEAD }

    /// @param name what people call it
    public record Part(Group group, String name, long total, double active) {
        Part plus(Part other) {
            return new Part(group, name, total + other.total, active + other.active);
        }
    }

    static ParameterCounts of(Inventory inventory, Map<String, Tensor> parameters) {
        Map<String, Part> parts = new LinkedHashMap<>();
        for (Group group : Group.values()) {
            inventory.parameters().forEach((name, owned) -> {
                Part part = part(name, owned, parameters.get(name).elements());
                if (part.group == group) {
                    parts.merge(part.name, part, Part::plus);
                }
            });
        }
        List<Part> list = new ArrayList<>(parts.values());
        return new ParameterCounts(list.stream().mapToLong(Part::total).sum(),
                Math.round(list.stream().mapToDouble(Part::active).sum()), List.copyOf(list));
    }

    private static Part part(String name, Inventory.Owned owned, long elements) {
        double active = elements * owned.share();
        if (owned.layer().isEmpty()) {
            return name.startsWith("head.") ? new Part(Group.HEAD, "head", elements, active)
                    : name.startsWith("norm.") || name.contains(".norm") ? new Part(Group.NORMS, "norms", elements, active)
                    : name.startsWith("stages.") ? new Part(Group.CONVOLUTIONS, "convolutions", elements, active)
                    : new Part(Group.EMBEDDING, "embedding", elements, active);
        }
        Inventory.Placed placed = owned.layer().get();
        LayerSpec layer = outermost(placed);
        if (layer instanceof MixtureOfExpertsSpec || placed.within(MixtureOfLayersSpec.class)) {
            return new Part(Group.EXPERTS, ChannelMixerName.EXPERTS, elements, active);
        }
        if (layer instanceof MixerSpec mixer) {
            return new Part(Group.MIXER, MixerKind.name(mixer), elements, active);
        }
        if (layer instanceof ChannelMixerSpec mixer) {
            return new Part(Group.CHANNEL_MIXER, ChannelMixerName.of(mixer), elements, active);
        }
        return owned.kind() == ParameterSource.Kind.MATRIX ? new Part(Group.PROJECTIONS, "projections", elements, active)
                : new Part(Group.NORMS, "norms", elements, active);
    }

    /// The outermost mixer or channel mixer around a layer, or the layer itself where there is none.
    private static LayerSpec outermost(Inventory.Placed placed) {
        LayerSpec found = placed.layer();
        for (Inventory.Placed at = placed; at.parent().isPresent();) {
            at = at.parent().get();
            if (at.layer() instanceof MixerSpec || at.layer() instanceof ChannelMixerSpec) {
                found = at.layer();
            }
        }
        return found;
    }
}
