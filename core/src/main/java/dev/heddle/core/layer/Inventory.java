package dev.heddle.core.layer;

import dev.heddle.core.spec.LayerSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a model consists of, written down while it is built: every layer with its place, every parameter with the
/// layer it belongs to. Counting, classifying and drawing a model read this and need no knowledge of single layers.
public final class Inventory {
    /// A layer in its place.
    ///
    /// @param use        path of this use, `blocks.3.1`
    /// @param parameters path of its parameters; begins with `shared.` in a shared block
    /// @param layer      what it is
    /// @param parent     the layer it lies in
    /// @param share      share of the tokens that pass through it; less than 1 inside experts
    public record Placed(String use, String parameters, LayerSpec layer, Optional<Placed> parent, double share) {
        /// Whether this layer, or one it lies in, is a `kind`.
        public boolean within(Class<? extends LayerSpec> kind) {
            return kind.isInstance(layer) || parent.isPresent() && parent.get().within(kind);
        }
    }

    /// To whom a parameter belongs.
    ///
    /// @param layer the innermost layer that asked for it; empty for the model's own: embedding, final norm, head
    /// @param kind  how it is used
    /// @param share share of the tokens that use it
    /// @param initial what it holds before training
    public record Owned(Optional<Placed> layer, ParameterSource.Kind kind, double share, Initial initial) {
    }

    private final List<Placed> layers = new ArrayList<>();
    private final Map<String, Owned> parameters = new LinkedHashMap<>();

    Placed add(String use, String path, LayerSpec layer, Optional<Placed> parent, double share) {
        Placed placed = new Placed(use, path, layer, parent, share);
        layers.add(placed);
        return placed;
    }

    void add(String parameter, Owned owned) {
        parameters.merge(parameter, owned, (old, next) -> old.share() >= next.share() ? old : next);
    }

    /// Every use of every layer, outer ones before those inside them.
    public List<Placed> layers() {
        return Collections.unmodifiableList(layers);
    }

    /// Owners by parameter, in the order they were built.
    public Map<String, Owned> parameters() {
        return Collections.unmodifiableMap(parameters);
    }
}
