package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.family.Binding.Transform;
import dev.heddle.checkpoint.family.Binding.View;
import java.util.Arrays;
import dev.heddle.checkpoint.weights.WeightSource;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/// Collects which tensor of a checkpoint each parameter of a model is, by whole names.
public final class Binder {
    private final Map<String, Binding> bindings;
    private final Map<String, long[]> shapes;
    private final Set<String> ignored;
    private final Set<String> ignoredPrefixes;
    private final Predicate<String> contains;
    private final Function<String, Optional<long[]>> stored;
    private final String parameters;
    private final String tensors;

    /// @param contains whether the checkpoint has a tensor of that name, for families with more than one dialect
    public Binder(Predicate<String> contains) {
        this(new LinkedHashMap<>(), new LinkedHashMap<>(), new LinkedHashSet<>(), new LinkedHashSet<>(), contains,
                _ -> Optional.empty(), "", "");
    }

    /// For a checkpoint that exists: what is written of it keeps the shapes of its tensors.
    public static Binder of(WeightSource weights) {
        return new Binder(new LinkedHashMap<>(), new LinkedHashMap<>(), new LinkedHashSet<>(), new LinkedHashSet<>(),
                weights::contains, name -> weights.contains(name) ? Optional.of(weights.tensor(name).shape()) : Optional.empty(),
                "", "");
    }

    private Binder(Map<String, Binding> bindings, Map<String, long[]> shapes, Set<String> ignored, Set<String> ignoredPrefixes,
            Predicate<String> contains, Function<String, Optional<long[]>> stored, String parameters, String tensors) {
        this.bindings = bindings;
        this.shapes = shapes;
        this.ignored = ignored;
        this.ignoredPrefixes = ignoredPrefixes;
        this.contains = contains;
        this.stored = stored;
        this.parameters = parameters;
        this.tensors = tensors;
    }

    /// The same binder with prefixes before both names: `at("blocks.0.", "model.layers.0.")`.
    public Binder at(String parameterPrefix, String tensorPrefix) {
        return new Binder(bindings, shapes, ignored, ignoredPrefixes, contains, stored, parameters + parameterPrefix,
                tensors + tensorPrefix);
    }

    /// Whether the checkpoint has this tensor.
    public boolean has(String tensor) {
        return contains.test(tensors + tensor);
    }

    /// `parameter` is the whole tensor.
    public Binder bind(String parameter, String tensor) {
        return add(parameter, tensor, View.WHOLE, Transform.IDENTITY);
    }

    /// `parameter.weight` and, if `bias`, `parameter.bias` are the whole tensors of the same endings.
    public Binder bindLinear(String parameter, String tensor, boolean bias) {
        bind(parameter + ".weight", tensor + ".weight");
        return bias ? bind(parameter + ".bias", tensor + ".bias") : this;
    }

    /// Checkpoints write the tensor in this shape, whose elements are the parameter's in other dimensions; readers accept it.
    public Binder shaped(String tensor, long... shape) {
        shapes.put(tensors + tensor, shape);
        return this;
    }

    /// `parameter` is rows `from` to `to` of the tensor.
    public Binder bindRows(String parameter, String tensor, long from, long to) {
        return add(parameter, tensor, new View.Rows(from, to), Transform.IDENTITY);
    }

    /// `parameter` is these rows of the tensor.
    public Binder bindRows(String parameter, String tensor, int[] rows) {
        return add(parameter, tensor, new View.RowList(rows), Transform.IDENTITY);
    }

    /// `parameter` is columns `from` to `to` of every row of the tensor.
    public Binder bindColumns(String parameter, String tensor, long from, long to) {
        return add(parameter, tensor, new View.Columns(from, to, false), Transform.IDENTITY);
    }

    /// `parameter` is the transpose of columns `from` to `to` of the tensor.
    public Binder bindTransposedColumns(String parameter, String tensor, long from, long to) {
        return add(parameter, tensor, new View.Columns(from, to, true), Transform.IDENTITY);
    }

    /// `parameter` is the transpose of the tensor.
    public Binder bindTransposed(String parameter, String tensor) {
        return add(parameter, tensor, new View.Transposed(0), Transform.IDENTITY);
    }

    /// `parameter` is the transpose of part `index` of the tensor's first dimension.
    public Binder bindTransposed(String parameter, String tensor, int index) {
        return add(parameter, tensor, new View.Transposed(index), Transform.IDENTITY);
    }

    /// `parameter` follows from the whole tensor's values by `transform`.
    public Binder bindTransformed(String parameter, String tensor, Transform transform) {
        return add(parameter, tensor, View.WHOLE, transform);
    }

    /// `parameter` is the rows of these tensors, one after the other.
    public Binder bindJoined(String parameter, String first, String... others) {
        return add(parameter, first, new View.Joined(Arrays.stream(others).map(name -> tensors + name).toList()),
                Transform.IDENTITY);
    }

    /// The buffer `name`, which no gradient trains, is the whole tensor.
    public Binder bindBuffer(String name, String tensor) {
        return add(new Binding(parameters + name, tensors + tensor, View.WHOLE, Transform.IDENTITY, false));
    }

    /// The checkpoint may hold this tensor, and the model does not need it.
    public Binder ignore(String tensor) {
        ignored.add(tensors + tensor);
        return this;
    }

    /// The checkpoint may hold tensors whose names begin so, and the model needs none of them.
    public Binder ignoreBelow(String prefix) {
        ignoredPrefixes.add(tensors + prefix);
        return this;
    }

    private Binder add(String parameter, String tensor, View view, Transform transform) {
        return add(new Binding(parameters + parameter, tensors + tensor, view, transform, true));
    }

    private Binder add(Binding binding) {
        Binding old = bindings.put(binding.parameter(), binding);
        if (old != null) {
            throw new IllegalStateException("parameter " + binding.parameter() + " is bound to " + old.tensor() + " and "
                    + binding.tensor());
        }
        return this;
    }

    /// The shape in which checkpoints write a tensor: the one it has in this checkpoint, or the one told by [#shaped].
    public Optional<long[]> shape(String tensor) {
        return stored.apply(tensor).or(() -> Optional.ofNullable(shapes.get(tensor)));
    }

    /// The shape told by [#shaped], whatever this checkpoint has.
    Optional<long[]> told(String tensor) {
        return Optional.ofNullable(shapes.get(tensor));
    }

    /// Bindings by parameter name.
    public Map<String, Binding> bindings() {
        return bindings;
    }

    /// Whether nobody needs this tensor.
    public boolean ignores(String tensor) {
        return ignored.contains(tensor) || ignoredPrefixes.stream().anyMatch(tensor::startsWith);
    }
}
