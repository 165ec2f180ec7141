package dev.heddle.core.layer;

import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.SpecException;
import dev.heddle.core.state.StateLayout;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// A place in a model under construction: names parameters and states after the path to it.
///
/// Parameters and states have separate paths, because a shared block has one set of parameters and a state for
/// each use.
public final class Scope {
    private final Optional<ModelSpec> spec;
    private final ParameterSource source;
    private final StateLayout states;
    private final String parameters;
    private final String use;
    private final int width;
    private final Inventory inventory;
    private final Optional<Inventory.Placed> owner;
    private final double share;

    private Scope(Optional<ModelSpec> spec, ParameterSource source, StateLayout states, String parameters, String use,
            int width, Inventory inventory, Optional<Inventory.Placed> owner, double share) {
        this.inventory = inventory;
        this.owner = owner;
        this.share = share;
        this.spec = spec;
        this.source = source;
        this.states = states;
        this.parameters = parameters;
        this.use = use;
        this.width = width;
    }

    /// The root of a model.
    ///
    /// @param inventory receives every layer and parameter
    public static Scope root(ModelSpec spec, ParameterSource source, StateLayout states, Inventory inventory) {
        return new Scope(Optional.of(spec), source, states, "", "", spec.width(), inventory, Optional.empty(), 1);
    }

    /// The root of an image model, in which no sequence outlives a pass.
    public static Scope imageRoot(int width, ParameterSource source, Inventory inventory) {
        return new Scope(Optional.empty(), source, new StateLayout(), "", "", width, inventory, Optional.empty(), 1);
    }

    /// The same place, entered by the layer that is built here.
    Scope enter(LayerSpec layer) {
        return new Scope(spec, source, states, parameters, use, width, inventory,
                Optional.of(inventory.add(use, parameters, layer, owner, share)), share);
    }

    /// The language model this is part of.
    /// @throws SpecException in an image model, which has no shared blocks, embedding or head
    public ModelSpec spec() {
        return spec.orElseThrow(() -> new SpecException(use, "refers to the language model around it, and an image model has none"));
    }

    /// Whether this is part of an image model.
    public boolean isImage() {
        return spec.isEmpty();
    }

    /// D, width of the rows that enter and leave a layer here.
    public int width() {
        return width;
    }

    /// Path of the parameters here.
    public String path() {
        return parameters;
    }

    /// Which of the model's blocks this lies in; 0 outside of them.
    int block() {
        String[] path = use.split("\\.");
        return path.length > 1 && path[0].equals("blocks") ? Integer.parseInt(path[1]) : 0;
    }

    /// How many blocks the model has; 1 if it is no language model.
    int blocks() {
        return spec.map(model -> model.blocks().size()).orElse(1);
    }

    /// Path of this use; differs from [#path] inside shared blocks.
    public String use() {
        return use;
    }

    /// The place `name` below this one.
    public Scope child(String name) {
        return new Scope(spec, source, states, join(parameters, name), join(use, name), width, inventory, owner, share);
    }

    /// The place below this one whose parameters lie under `shared`.
    public Scope shared(String shared) {
        return new Scope(spec, source, states, shared, use, width, inventory, owner, share);
    }

    /// The same place, whose parameters belong to this use alone even inside a shared block.
    public Scope own() {
        return new Scope(spec, source, states, use, use, width, inventory, owner, share);
    }

    /// The same place with rows of another width.
    public Scope withWidth(int width) {
        return new Scope(spec, source, states, parameters, use, width, inventory, owner, share);
    }

    /// The same place, whose parameters only `share` of the tokens use.
    public Scope withShare(double share) {
        return new Scope(spec, source, states, parameters, use, width, inventory, owner, share);
    }

    private static String join(String path, String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    /// A matrix [rows, columns] in its stored type.
    public Tensor matrix(String name, long rows, long columns) {
        return matrix(name, Initial.LINEAR, rows, columns);
    }

    /// A matrix that begins as `initial`.
    public Tensor matrix(String name, Initial initial, long rows, long columns) {
        return parameter(name, initial, ParameterSource.Kind.MATRIX, rows, columns);
    }

    /// A matrix [rows, columns] in its stored type of which single rows are read.
    public Tensor table(String name, long rows, long columns) {
        return parameter(name, Initial.LINEAR, ParameterSource.Kind.TABLE, rows, columns);
    }

    /// The weight [O, C, height, width] of a two-dimensional convolution in its stored type, seen as [O, C·height·width].
    public Tensor filter(String name, long outputs, long channels, long height, long width) {
        return parameter(name, Initial.LINEAR, ParameterSource.Kind.MATRIX, outputs, channels, height, width)
                .reshape(outputs, channels * height * width);
    }

    /// A small parameter in f32 that begins at zero.
    public Tensor small(String name, long... shape) {
        return small(name, Initial.ZERO, shape);
    }

    /// A small parameter in f32 that begins as `initial`.
    public Tensor small(String name, Initial initial, long... shape) {
        return parameter(name, initial, ParameterSource.Kind.SMALL, shape);
    }

    /// A small value in f32 that no gradient trains.
    public Tensor buffer(String name, long... shape) {
        return parameter(name, Initial.ZERO, ParameterSource.Kind.BUFFER, shape);
    }

    private Tensor parameter(String name, Initial initial, ParameterSource.Kind kind, long... shape) {
        String full = join(parameters, name);
        if (kind != ParameterSource.Kind.BUFFER) {
            inventory.add(full, new Inventory.Owned(owner, kind, share, initial));
        }
        return source.parameter(full, kind, shape);
    }

    /// A small parameter that exists only if `present`.
    public Optional<Tensor> small(boolean present, String name, long... shape) {
        return present ? Optional.of(small(name, shape)) : Optional.empty();
    }

    /// A small parameter that exists only if `present` and begins as `initial`.
    public Optional<Tensor> small(boolean present, String name, Initial initial, long... shape) {
        return present ? Optional.of(small(name, initial, shape)) : Optional.empty();
    }

    /// A norm over `width` columns.
    public Norm norm(String name, NormSpec norm, int width) {
        return Norm.build(child(name), norm, width);
    }

    /// Registers a recurrent state that starts at zero; the number finds it in the pool.
    public int recurrentState(String name, int elements) {
        return recurrentState(name, elements, 0);
    }

    public int recurrentState(String name, int elements, float initial) {
        requireLanguage();
        return states.addRecurrent(join(use, name), elements, initial);
    }

    /// Registers a large recurrent state (a matrix for each head, say), which may be stored rounded.
    public int largeState(String name, int elements) {
        requireLanguage();
        return states.addLargeRecurrent(join(use, name), elements);
    }

    /// Registers keys and values; the number finds them in the pool.
    public int keyValues(int heads, int keyDim, int valueDim, int window) {
        requireLanguage();
        return states.addKeyValues(use, heads, keyDim, valueDim, window);
    }

    /// Registers keys and values that later layers find by `name`.
    public int publishedKeyValues(String name, int heads, int keyDim, int valueDim, int window) {
        int id = keyValues(heads, keyDim, valueDim, window);
        states.publishKeyValues(name, id);
        return id;
    }

    /// The keys and values an earlier layer has registered under `name`, kept for at least `window` positions.
    public int earlierKeyValues(String name, int window) {
        return states.earlierKeyValues(name, window);
    }

    private void requireLanguage() {
        if (isImage()) {
            throw new SpecException(use, "is a layer that remembers, and an image model has no use for it");
        }
    }
}
