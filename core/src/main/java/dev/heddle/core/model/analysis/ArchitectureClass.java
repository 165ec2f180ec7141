package dev.heddle.core.model.analysis;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// The classes of sequence models, told apart by their mixers.
public enum ArchitectureClass {
    PURE_MAMBA("pure Mamba"),
    PURE_TRANSFORMER("pure transformer"),
    LINEAR_ATTENTION("linear attention"),
    RECURRENT("recurrent"),
    CONVOLUTION("convolution"),
    MOE_SSM("MoE-SSM"),
    SSM_ATTENTION_HYBRID("SSM-attention hybrid"),
    LINEAR_ATTENTION_HYBRID("linear-attention hybrid"),
    RECURRENT_ATTENTION_HYBRID("recurrent-attention hybrid"),
    CONVOLUTION_ATTENTION_HYBRID("convolution-attention hybrid"),
    MIXED_HYBRID("mixed hybrid"),
    VISION_MAMBA("vision Mamba"),
    VISION_TRANSFORMER("vision transformer"),
    VISION_HYBRID("vision hybrid"),
    NO_MIXER("no mixer");

    private final String title;

    ArchitectureClass(String title) {
        this.title = title;
    }

    /// What people call it.
    public String title() {
        return title;
    }

    /// `ssm-attention-hybrid`.
    public String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// @param image whether it is an image model
    static ArchitectureClass of(LayerMap map, boolean image) {
        return switch (of(map)) {
            case PURE_MAMBA, MOE_SSM -> image ? VISION_MAMBA : of(map);
            case PURE_TRANSFORMER -> image ? VISION_TRANSFORMER : of(map);
            case NO_MIXER -> NO_MIXER;
            case ArchitectureClass other -> image ? VISION_HYBRID : other;
        };
    }

    private static ArchitectureClass of(LayerMap map) {
        Set<MixerKind> kinds = EnumSet.noneOf(MixerKind.class);
        map.mixers().forEach(layer -> kinds.add(layer.kind().orElseThrow()));
        kinds.remove(MixerKind.MEMORY);
        boolean attention = kinds.remove(MixerKind.ATTENTION);
        if (kinds.size() > 1) {
            return MIXED_HYBRID;
        }
        if (kinds.isEmpty()) {
            return attention ? PURE_TRANSFORMER : NO_MIXER;
        }
        return switch (kinds.iterator().next()) {
            case STATE_SPACE -> attention ? SSM_ATTENTION_HYBRID : map.hasExperts() ? MOE_SSM : PURE_MAMBA;
            case LINEAR_ATTENTION -> attention ? LINEAR_ATTENTION_HYBRID : LINEAR_ATTENTION;
            case RECURRENT_UNIT -> attention ? RECURRENT_ATTENTION_HYBRID : RECURRENT;
            case CONVOLUTION -> attention ? CONVOLUTION_ATTENTION_HYBRID : CONVOLUTION;
            case ATTENTION, MEMORY -> throw new IllegalStateException("removed above");
        };
    }

    /// Why a model is of this class, in a sentence.
    static String reason(LayerMap map) {
        int blocks = map.blocks().size();
        int mixers = map.mixers().size();
        if (mixers == 0) {
            return "none of its " + blocks + " blocks moves information between positions";
        }
        Set<String> names = map.mixers().stream().map(LayerMap.Layer::name).collect(Collectors.toCollection(TreeSet::new));
        StringBuilder reason = new StringBuilder();
        if (names.size() == 1) {
            reason.append(mixers == 1 ? "its only mixer is " : "all " + mixers + " mixers are ").append(names.iterator().next());
        } else {
            reason.append(map.counts().entrySet().stream().filter(entry -> names.contains(entry.getKey()))
                    .map(entry -> entry.getValue() + " " + entry.getKey()).collect(Collectors.joining(" + ")))
                    .append(" of ").append(mixers).append(" mixers");
        }
        if (map.mixers().stream().allMatch(LayerMap.Layer::parallel)) {
            reason.append(", side by side in every block");
        }
        long shared = map.mixers().stream().filter(layer -> layer.shared().isPresent()).count();
        if (shared > 0) {
            reason.append(", ").append(shared).append(" of them uses of shared blocks");
        }
        long experts = map.layers().stream().filter(LayerMap.Layer::experts).count();
        if (experts > 0) {
            reason.append("; experts in ").append(experts).append(" of ").append(blocks).append(" blocks");
        }
        return reason.toString();
    }
}
