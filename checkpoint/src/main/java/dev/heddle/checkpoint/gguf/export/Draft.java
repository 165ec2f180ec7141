package dev.heddle.checkpoint.gguf.export;

import dev.heddle.checkpoint.gguf.GgufValue;
import dev.heddle.checkpoint.gguf.GgufValue.Type;
import dev.heddle.core.model.Model;
import dev.heddle.core.model.ShapeOnly;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// An [Export] in the making: hyper-parameters under the architecture's name, and tensors out of parameters.
final class Draft {
    private final String architecture;
    private final Map<String, Tensor> parameters = new LinkedHashMap<>();
    private final Map<String, GgufValue> metadata = new LinkedHashMap<>();
    private final List<ExportedTensor> tensors = new ArrayList<>();
    private final Set<String> used = new LinkedHashSet<>();

    Draft(String architecture, ModelSpec spec) {
        this.architecture = architecture;
        Model shapes = new Model(spec, new ShapeOnly(DType.F32));
        parameters.putAll(shapes.parameters());
        parameters.putAll(shapes.buffers());
    }

    void number(String key, long value) {
        put(key, new GgufValue.Whole(Type.UINT32, value));
    }

    void numbers(String key, int[] values) {
        put(key, new GgufValue.Wholes(Type.INT32, Arrays.stream(values).asLongStream().toArray()));
    }

    void real(String key, double value) {
        put(key, new GgufValue.Real(Type.FLOAT32, (float) value));
    }

    void flag(String key, boolean value) {
        put(key, new GgufValue.Flag(value));
    }

    void flags(String key, boolean[] values) {
        put(key, new GgufValue.Flags(values));
    }

    void text(String key, String value) {
        put(key, new GgufValue.Text(value));
    }

    /// A hyper-parameter stands for all layers.
    private void put(String key, GgufValue value) {
        GgufValue old = metadata.put(architecture + "." + key, value);
        Unsuitable.unless(old == null || old.equals(value), "one " + key + " for all layers, not " + old + " and " + value);
    }

    /// Whether this tensor is described already.
    boolean has(String tensor) {
        return tensors.stream().anyMatch(one -> one.name().equals(tensor));
    }

    /// Names of all parameters and buffers.
    Set<String> parameters() {
        return parameters.keySet();
    }

    /// Parameters below one prefix, tensors below another.
    Below at(String parameterPrefix, String tensorPrefix) {
        return new Below(parameterPrefix, tensorPrefix);
    }

    /// The model's ends.
    Below root() {
        return at("", "");
    }

    /// Block `index`.
    Below block(int index) {
        return at("blocks." + index + ".", "blk." + index + ".");
    }

    /// @throws Unsuitable if a parameter has found no place
    Export finish() {
        List<String> left = parameters.keySet().stream().filter(name -> !used.contains(name)).toList();
        if (!left.isEmpty()) {
            throw new Unsuitable("has no place for " + String.join(", ", left.subList(0, Math.min(3, left.size())))
                    + (left.size() > 3 ? " and " + (left.size() - 3) + " more" : ""));
        }
        return new Export(architecture, metadata, List.copyOf(tensors), Optional.empty());
    }

    /// A place in the model and in the file.
    final class Below {
        private final String from;
        private final String to;

        private Below(String from, String to) {
            this.from = from;
            this.to = to;
        }

        Below at(String parameterPrefix, String tensorPrefix) {
            return new Below(from + parameterPrefix, to + tensorPrefix);
        }

        boolean has(String parameter) {
            return parameters.containsKey(from + parameter);
        }

        /// The parameter as it is.
        Below copy(String tensor, String parameter) {
            return write(tensor, shape(parameter), Part.of(parameter));
        }

        Below copy(String tensor, Part part) {
            return write(tensor, shape(part.parameter()), part);
        }

        /// `.weight`, and `.bias` where there is one.
        Below linear(String tensor, String parameter) {
            return linear(tensor, parameter, 1, 1);
        }

        Below linear(String tensor, String parameter, double weightScale, double biasScale) {
            copy(tensor + ".weight", Part.of(parameter + ".weight").times(weightScale));
            if (has(parameter + ".bias")) {
                copy(tensor + ".bias", Part.of(parameter + ".bias").times(biasScale));
            }
            return this;
        }

        /// The rows of several parameters, one after the other.
        Below stack(String tensor, Part... parts) {
            return stack(tensor, List.of(parts));
        }

        Below stack(String tensor, List<Part> parts) {
            long[] shape = shape(parts.getFirst().parameter());
            long width = shape[shape.length - 1];
            long rows = 0;
            for (Part part : parts) {
                rows += part.rows().map(chosen -> (long) chosen.length).orElse(elements(shape(part.parameter())) / width);
            }
            return write(tensor, new long[] {rows, width}, parts);
        }

        Below write(String tensor, long[] shape, Part... parts) {
            return write(tensor, shape, List.of(parts));
        }

        /// @param parts whose values make a tensor of this shape, in order
        Below write(String tensor, long[] shape, List<Part> parts) {
            List<Part> placed = parts.stream().map(part -> part.below(from)).toList();
            placed.forEach(part -> used.add(part.parameter()));
            tensors.add(new ExportedTensor(to + tensor, shape, placed));
            return this;
        }

        /// Nothing of the parameter need be written.
        Below leave(String parameter) {
            used.add(from + parameter);
            return this;
        }

        long[] shape(String parameter) {
            Tensor tensor = parameters.get(from + parameter);
            if (tensor == null) {
                throw new Unsuitable("needs a parameter " + from + parameter);
            }
            return tensor.shape();
        }
    }

    private static long elements(long[] shape) {
        return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }
}
