package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.ModelSpec;
import java.util.List;

/// One architecture of GGUF files, or several that are read alike.
interface GgufFamily extends Family {
    /// Their `general.architecture`.
    List<String> architectures();

    ModelSpec spec(GgufConfig gguf, String name);

    void bind(ModelSpec spec, Binder binder);

    @Override
    default String name() {
        return architectures().getFirst();
    }

    @Override
    default boolean accepts(Config config) {
        String type = config.string("model_type", "");
        return type.startsWith(GgufConfig.MODEL_TYPE) && architectures().contains(new GgufConfig(config).architecture());
    }

    @Override
    default ModelSpec spec(Config config, String name) {
        return spec(new GgufConfig(config), name);
    }

    @Override
    default void bind(Config config, ModelSpec spec, Binder binder) {
        // heads that predict further tokens follow the model's blocks
        for (int i = spec.blocks().size(); i < config.integer("block_count"); i++) {
            binder.ignoreBelow("blk." + i + ".");
        }
        bind(spec, binder);
    }
}
