package dev.heddle.core.model.analysis;

import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.RopeScaling;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// How some of a model's mixers know positions.
///
/// @param encoding what they use
/// @param mixer    what the mixers are called
/// @param layers   how many there are
public record PositionalEncoding(PositionSpec encoding, String mixer, int layers) {
    static List<PositionalEncoding> of(LayerMap map) {
        Map<List<Object>, PositionalEncoding> found = new LinkedHashMap<>();
        for (LayerMap.Layer layer : map.mixers()) {
            position((MixerSpec) layer.spec().orElseThrow()).ifPresent(position -> found.merge(List.of(position, layer.name()),
                    new PositionalEncoding(position, layer.name(), 1),
                    (a, b) -> new PositionalEncoding(position, layer.name(), a.layers + b.layers)));
        }
        return new ArrayList<>(found.values());
    }

    /// The mixer's component that is a positional encoding.
    private static Optional<PositionSpec> position(MixerSpec mixer) {
        for (RecordComponent component : mixer.getClass().getRecordComponents()) {
            if (PositionSpec.class.isAssignableFrom(component.getType())) {
                try {
                    return Optional.of((PositionSpec) component.getAccessor().invoke(mixer));
                } catch (ReflectiveOperationException e) {
                    throw new IllegalStateException(component + " cannot be read", e);
                }
            }
        }
        return Optional.empty();
    }

    /// `rotary, θ = 10000, 64 dimensions of each head`.
    public String text() {
        return switch (encoding) {
            case PositionSpec.None _ -> "none";
            case PositionSpec.Alibi _ -> "linear biases (ALiBi)";
            case PositionSpec.Rotary rotary -> "rotary, θ = " + number(rotary.theta()) + ", " + rotary.dimensions()
                    + " dimensions of each head" + scaling(rotary.scaling());
        };
    }

    private static String scaling(RopeScaling scaling) {
        return switch (scaling) {
            case RopeScaling.None _ -> "";
            case RopeScaling.Linear linear -> ", scaled by " + number(linear.factor());
            case RopeScaling.Divisors _ -> ", scaled pair by pair";
            case RopeScaling.Llama3 llama -> ", Llama-3 scaling by " + number(llama.factor());
            case RopeScaling.Yarn yarn -> ", YaRN scaling by " + number(yarn.factor());
            case RopeScaling.Ntk ntk -> ", NTK scaling by " + number(ntk.factor());
            case RopeScaling.Inclusive _ -> "";
        };
    }

    private static String number(double value) {
        if (value == Math.rint(value) && Math.abs(value) < 1e15) {
            String digits = Long.toString((long) value);
            String stem = digits.replaceFirst("0{6,}$", "");
            return stem.length() <= 2 && digits.length() > 7 ? stem + "e" + (digits.length() - stem.length()) : digits;
        }
        return String.format(Locale.ROOT, "%.4g", value);
    }
}
