package dev.heddle.checkpoint.family;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.List;
import java.util.Map;

/// What the configurations of all RWKV versions have in common: the author's keys (`n_embd`, `n_layer`, `dim_att`,
/// `dim_ffn`), those of HF Transformers, and those of flash-linear-attention. A file without configuration is read from
/// the names and shapes of its tensors.
///
/// `rescale_every` is left out on purpose: it halves the stream and the weights that write to it every few layers, so
/// that half precision does not overflow, and cancels in the final norm.
final class RwkvConfig {
    private RwkvConfig() {
    }

    static int width(Config config) {
        return config.integerAny("hidden_size", "n_embd");
    }

    static int layers(Config config) {
        return config.integerAny("num_hidden_layers", "n_layer");
    }

    /// Width of the time mix.
    static int attention(Config config) {
        return config.integerAnyOr(width(config), "attention_hidden_size", "dim_att");
    }

    static int headSize(Config config) {
        int size = config.integerAnyOr(64, "head_size", "head_dim", "head_size_a");
        if (size <= 0 || attention(config) % size != 0) {
            throw new CheckpointException(config.origin() + ": the width of the time mix (" + attention(config)
                    + ") must be a multiple of the head size (" + size + ")");
        }
        return size;
    }

    /// Inner width of the channel mix; where none is given, `ratio` times the width in multiples of 32.
    static int inner(Config config, double ratio) {
        return config.integerAnyOr((int) (width(config) * ratio) / 32 * 32, "intermediate_size", "dim_ffn");
    }

    static NormSpec norm(Config config) {
        double epsilon = config.numberAnyOr(1e-5, "layer_norm_epsilon", "norm_eps");
        return new NormSpec(NormSpec.Kind.LAYER, epsilon, true, config.flag("norm_bias", true), false);
    }

    /// ε of the norm of each head's output: heads are divided by a constant and then normalised with 1e-5.
    static double headEpsilon(Config config) {
        double divisor = config.number("head_size_divisor", 8);
        return 1e-5 * divisor * divisor;
    }

    static ModelSpec model(Config config, String family, String name, List<LayerSpec> blocks) {
        NormSpec norm = norm(config);
        NormSpec embedded = config.flag("norm_first", true) ? norm : NormSpec.NONE;
        return new ModelSpec(name, family, config.integer("vocab_size"), width(config), 0,
                new ModelSpec.EmbeddingSpec(1, embedded), blocks, Map.of(), norm,
                ModelSpec.HeadSpec.of(config.flag("tie_word_embeddings", false)));
    }

    /// @throws CheckpointException if flash-linear-attention put softmax attention into some layers
    static void refuseAttention(Config config) {
        if (config.isSection("attn")) {
            throw config.invalid("attn", "null: attention in some layers of an RWKV model is not supported");
        }
    }

    /// The keys every version shares, from the tensors of one of the author's files.
    static ObjectNode inferred(WeightSource weights, String modelType) {
        long[] embedding = shape(weights, "emb.weight", 2);
        int layers = 0;
        while (weights.contains("blocks." + layers + ".ln1.weight")) {
            layers++;
        }
        return JsonNodeFactory.instance.objectNode().put("model_type", modelType).put("vocab_size", embedding[0])
                .put("n_embd", embedding[1]).put("n_layer", layers)
                .put("dim_att", shape(weights, "blocks.0.att.key.weight", 2)[0])
                .put("dim_ffn", shape(weights, "blocks.0.ffn.key.weight", 2)[0]);
    }

    /// The configuration that [#inferred] began.
    static Config config(WeightSource weights, ObjectNode json) {
        return Config.of(json, weights.describe() + ", configuration inferred from its tensors");
    }

    /// Shape of a tensor of rank `rank`.
    static long[] shape(WeightSource weights, String name, int rank) {
        if (!weights.contains(name)) {
            throw new CheckpointException(weights.describe() + ": looks like RWKV but tensor " + name + " is missing");
        }
        Tensor tensor = weights.tensor(name);
        if (tensor.rank() != rank) {
            throw new CheckpointException(weights.describe() + ": tensor " + name + " is " + tensor + ", expected rank " + rank);
        }
        return tensor.shape();
    }

    static boolean isOriginal(WeightSource weights) {
        return weights.contains("emb.weight") && weights.contains("blocks.0.att.key.weight")
                && weights.contains("blocks.0.ffn.key.weight");
    }
}
