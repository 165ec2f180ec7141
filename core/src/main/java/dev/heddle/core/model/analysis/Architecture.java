package dev.heddle.core.model.analysis;

import dev.heddle.core.layer.Inventory;
import dev.heddle.core.model.ImageModel;
import dev.heddle.core.model.Model;
import dev.heddle.core.model.ShapeOnly;
import dev.heddle.core.spec.ArchitectureSpec;
import dev.heddle.core.spec.ImageModelSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.state.StateLayout;
import dev.heddle.core.state.StateTypes;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// What a specification describes, found out by building it without memory.
///
/// @param spec       the specification
/// @param type       its class
/// @param reason     why it is of that class
/// @param map        which block holds what
/// @param parameters how many, and where
/// @param positions  how attention knows positions
/// @param states     what a sequence must remember
/// @param types      how it is stored
public record Architecture(ArchitectureSpec spec, ArchitectureClass type, String reason, LayerMap map, ParameterCounts parameters,
        List<PositionalEncoding> positions, StateLayout states, StateTypes types) {
    /// As papers count: keys and values in bf16, states in f32.
    public static final StateTypes USUAL = StateTypes.keyValues(DType.BF16);

    private static final int BF16 = 2;

    public static Architecture of(ArchitectureSpec spec) {
        return switch (spec) {
            case ModelSpec language -> {
                Model model = new Model(language, new ShapeOnly(DType.BF16));
                yield of(spec, model.inventory(), model.parameters(), model.states());
            }
            case ImageModelSpec image -> {
                ImageModel model = new ImageModel(image, new ShapeOnly(DType.BF16));
                yield of(spec, model.inventory(), model.parameters(), new StateLayout());
            }
        };
    }

    private static Architecture of(ArchitectureSpec spec, Inventory inventory, Map<String, Tensor> parameters, StateLayout states) {
        LayerMap map = LayerMap.of(spec, inventory);
        return new Architecture(spec, ArchitectureClass.of(map, spec instanceof ImageModelSpec), ArchitectureClass.reason(map), map,
                ParameterCounts.of(inventory, parameters), PositionalEncoding.of(map), states, USUAL);
    }

    /// The same, with the memory of other types.
    public Architecture with(StateTypes other) {
        return new Architecture(spec, type, reason, map, parameters, positions, states, other);
    }

    /// The specification of a language model; empty for an image model.
    public Optional<ModelSpec> language() {
        return spec instanceof ModelSpec model ? Optional.of(model) : Optional.empty();
    }

    /// The class in words; experts in hybrids and transformers are said with it.
    public String title() {
        return map.hasExperts() && type != ArchitectureClass.MOE_SSM ? type.title() + " with experts" : type.title();
    }

    /// Bytes of one sequence's recurrent states.
    public long stateBytes() {
        return states.recurrentBytes(types);
    }

    /// Bytes by which keys and values grow with a token while all windows still have room.
    public long keyValueBytesPerToken() {
        return keyValueBytes(false);
    }

    /// Bytes by which keys and values grow with a token once all windows are full.
    public long keyValueBytesPerTokenBeyondWindows() {
        return keyValueBytes(true);
    }

    private long keyValueBytes(boolean unboundedOnly) {
        return states.keyValues().stream().filter(layer -> !unboundedOnly || layer.window() == 0)
                .mapToLong(layer -> layer.bytes(types)).sum();
    }

    /// `1:7`: one layer of attention to seven with a state of constant size.
    public Optional<String> ratio() {
        int attention = map.attention();
        int recurrent = map.recurrent();
        if (attention == 0 || recurrent == 0) {
            return Optional.empty();
        }
        return Optional.of(recurrent % attention == 0 ? "1:" + recurrent / attention
                : attention % recurrent == 0 ? attention / recurrent + ":1"
                : recurrent > attention ? String.format(Locale.ROOT, "1:%.1f", (double) recurrent / attention)
                : String.format(Locale.ROOT, "%.1f:1", (double) attention / recurrent));
    }

    /// A transformer's attention in each place where this model mixes: as many key/value heads as this model's own
    /// attention has, or full multi-head attention where it has none.
    public long transformerKeyValueBytesPerToken() {
        int width = language().map(ModelSpec::width).orElse(0);
        long bytes = states.keyValues().stream().mapToLong(layer -> layer.bytes(types)).findFirst()
                .orElseGet(() -> types.keyBytes(width) + types.valueBytes(width));
        return map.mixingPlaces() * bytes;
    }

    /// Memory at each of [MemoryUse#CONTEXTS]; nothing for an image model, which remembers nothing.
    public List<MemoryUse> memory() {
        return language().isEmpty() ? List.of() : MemoryUse.CONTEXTS.stream().map(this::memory).toList();
    }

    public MemoryUse memory(long context) {
        return new MemoryUse(context, BF16 * parameters.total(), stateBytes(), states.keyValueBytes(context, types),
                context * transformerKeyValueBytesPerToken());
    }
}
