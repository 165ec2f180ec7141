package dev.heddle.train.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.family.Binder;
import dev.heddle.checkpoint.family.Binding;
import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.family.CheckpointParameters;
import dev.heddle.checkpoint.family.Families;
import dev.heddle.checkpoint.family.Family;
import dev.heddle.checkpoint.family.HeddleNative;
import dev.heddle.checkpoint.family.PublishedTensors;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.spec.SpecFile;
import dev.heddle.core.layer.ParameterSource;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Map;
import java.util.Optional;

/// What a training begins with, and how the checkpoints that it writes look.
public final class Start {
    private final Config config;
    private final ModelSpec spec;
    private final Binder binder;
    private final Optional<ParameterSource> weights;

    private Start(Config config, ModelSpec spec, Binder binder, Optional<ParameterSource> weights) {
        this.config = config;
        this.spec = spec;
        this.binder = binder;
        this.weights = weights;
    }

    /// An architecture without weights; checkpoints are of Heddle's own family.
    public static Start of(ModelSpec spec) {
        ObjectNode json = Json.object();
        json.put("model_type", HeddleNative.NAME);
        json.set(HeddleNative.ARCHITECTURE, SpecFile.json(spec));
        return of(Config.of(json, spec.name()), spec.name());
    }

    /// A published configuration without weights; checkpoints are of its family.
    public static Start of(Config config, String name) {
        Family family = Families.of(config);
        ModelSpec spec = Checkpoint.spec(config, family, name);
        Binder binder = new Binder(_ -> false);
        family.bind(config, spec, binder);
        return new Start(config, spec, binder, Optional.empty());
    }

    /// A checkpoint to go on from; those written are of its family and names. It must stay open until the model is built.
    public static Start of(Checkpoint checkpoint) {
        Binder binder = Binder.of(checkpoint.requireFolder().weights());
        checkpoint.family().bind(checkpoint.config(), checkpoint.spec(), binder);
        return new Start(checkpoint.config(), checkpoint.spec(), binder,
                Optional.of(new CheckpointParameters(checkpoint.weights(), binder)));
    }

    public ModelSpec spec() {
        return spec;
    }

    /// Weights to begin with; empty to initialise them.
    Optional<ParameterSource> weights() {
        return weights;
    }

    /// Which published tensor each parameter is.
    Map<String, Binding> bindings() {
        return binder.bindings();
    }

    /// The shape of a published tensor, where the family or the checkpoint tells it.
    Optional<long[]> shape(String tensor) {
        return binder.shape(tensor);
    }

    /// The factor of the load-balancing loss this configuration was published with; 0 if it says none.
    double balanceLoss() {
        String key = "router_aux_loss_coef";
        return config.has(key) && config.isNumber(key) ? config.number(key) : 0;
    }

    /// `config.json` of what the training writes.
    ObjectNode config() {
        ObjectNode json = config.json();
        json.put("torch_dtype", "float32");
        return json;
    }

    /// Parameters under the names that checkpoints of this family use.
    ///
    /// @param parameters by parameter name, on the host
    Map<String, Tensor> published(Arena arena, Map<String, Tensor> parameters) {
        return PublishedTensors.of(arena, binder, parameters);
    }
}
