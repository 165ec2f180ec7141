package dev.heddle.checkpoint.gguf;

import dev.heddle.checkpoint.CheckpointException;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/// What a GGUF file says about its model: typed values under dotted names such as `general.architecture`.
///
/// A getter of a name that is absent gives nothing; of one whose value has another type it is an error.
public final class GgufMetadata {
    /// The name of the architecture's name.
    public static final String ARCHITECTURE = "general.architecture";

    private final String origin;
    private final Map<String, GgufValue> values;

    /// @param origin the file, for errors
    public GgufMetadata(String origin, Map<String, GgufValue> values) {
        this.origin = origin;
        this.values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    public String origin() {
        return origin;
    }

    /// All values, in the order of the file.
    public Map<String, GgufValue> values() {
        return values;
    }

    public boolean has(String name) {
        return values.containsKey(name);
    }

    public Optional<String> text(String name) {
        return get(name).map(value -> value instanceof GgufValue.Text text ? text.value() : refuse(name, "a string"));
    }

    public Optional<Boolean> flag(String name) {
        return get(name).map(value -> value instanceof GgufValue.Flag flag ? Boolean.valueOf(flag.value())
                : refuse(name, "true or false"));
    }

    /// A whole number from 0 to 2³¹ − 1.
    public OptionalInt index(String name) {
        Optional<GgufValue> value = get(name);
        if (value.isEmpty()) {
            return OptionalInt.empty();
        }
        return value.get() instanceof GgufValue.Whole whole && whole.value() >= 0 && whole.value() <= Integer.MAX_VALUE
                ? OptionalInt.of((int) whole.value()) : refuse(name, "a whole number from 0 to " + Integer.MAX_VALUE);
    }

    public OptionalDouble number(String name) {
        Optional<GgufValue> value = get(name);
        if (value.isEmpty()) {
            return OptionalDouble.empty();
        }
        return OptionalDouble.of(switch (value.get()) {
            case GgufValue.Real real -> real.value();
            case GgufValue.Whole whole -> whole.value();
            default -> refuse(name, "a number");
        });
    }

    public Optional<List<String>> strings(String name) {
        return get(name).map(value -> value instanceof GgufValue.Strings strings ? strings.values()
                : refuse(name, "an array of strings"));
    }

    /// Floats, also where whole numbers are written.
    public Optional<float[]> floats(String name) {
        return get(name).map(value -> switch (value) {
            case GgufValue.Reals reals -> floats(reals.values());
            case GgufValue.Wholes wholes -> floats(Arrays.stream(wholes.values()).asDoubleStream().toArray());
            default -> refuse(name, "an array of numbers");
        });
    }

    public Optional<long[]> wholes(String name) {
        return get(name).map(value -> value instanceof GgufValue.Wholes wholes ? wholes.values()
                : refuse(name, "an array of whole numbers"));
    }

    /// What the architecture is called.
    /// @throws CheckpointException if the file does not say
    public String architecture() {
        return text(ARCHITECTURE).filter(name -> !name.isEmpty()).orElseThrow(() -> new CheckpointException(origin
                + ": the metadata has no " + ARCHITECTURE + ", so nothing says what model this is"));
    }

    private Optional<GgufValue> get(String name) {
        return Optional.ofNullable(values.get(name));
    }

    private <T> T refuse(String name, String expected) {
        throw new CheckpointException(origin + ": " + name + " is " + values.get(name) + ", expected " + expected);
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        IntStream.range(0, values.length).forEach(i -> floats[i] = (float) values[i]);
        return floats;
    }
}
