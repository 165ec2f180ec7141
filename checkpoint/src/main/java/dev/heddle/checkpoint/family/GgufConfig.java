package dev.heddle.checkpoint.family;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.gguf.GgufFile;
import dev.heddle.checkpoint.gguf.GgufMetadata;
import dev.heddle.checkpoint.gguf.GgufValue;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.RopeScaling;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// A GGUF file's metadata as a configuration, and what its architectures have in common.
///
/// The fields are the metadata's own names without that of the architecture before them (`block_count`,
/// `attention.head_count`); the tokenizer's are left out. Two sections are made from the tensors, because the metadata
/// does not say what they say: `tensors`, the shape of each, and `rope_frequency_divisors`, the values of
/// `rope_freqs.weight`.
record GgufConfig(Config config) {
    /// `model_type` of such a configuration, before the architecture's name.
    static final String MODEL_TYPE = "gguf ";
    static final String ROPE_DIVISORS = "rope_freqs.weight";
    private static final String TENSORS = "tensors";
    private static final String ROPE_FIELD = "rope_frequency_divisors";

    static Config of(GgufFile file) {
        GgufMetadata metadata = file.values();
        String architecture = metadata.architecture();
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("model_type", MODEL_TYPE + architecture);
        metadata.values().forEach((name, value) -> {
            if (!name.startsWith("tokenizer.")) {
                put(json, name.startsWith(architecture + ".") ? name.substring(architecture.length() + 1) : name, value);
            }
        });
        ObjectNode tensors = json.putObject(TENSORS);
        for (String name : file.names()) {
            ArrayNode shape = tensors.putArray(name);
            Arrays.stream(file.entry(name).shape()).forEach(shape::add);
        }
        if (file.contains(ROPE_DIVISORS)) {
            ArrayNode divisors = json.putArray(ROPE_FIELD);
            for (float divisor : file.tensor(ROPE_DIVISORS).toFloats()) {
                divisors.add(decimal(divisor));
            }
        }
        return Config.of(json, file.describe());
    }

    private static void put(ObjectNode json, String name, GgufValue value) {
        switch (value) {
            case GgufValue.Whole whole -> json.put(name, whole.value());
            case GgufValue.Real real -> json.put(name, decimal(real));
            case GgufValue.Flag flag -> json.put(name, flag.value());
            case GgufValue.Text text -> json.put(name, text.value());
            case GgufValue.Wholes wholes -> Arrays.stream(wholes.values()).forEach(json.putArray(name)::add);
            case GgufValue.Reals reals -> {
                ArrayNode array = json.putArray(name);
                for (double real : reals.values()) {
                    array.add(decimal(new GgufValue.Real(reals.elements(), real)));
                }
            }
            case GgufValue.Flags flags -> {
                ArrayNode array = json.putArray(name);
                for (boolean flag : flags.values()) {
                    array.add(flag ? 1 : 0);
                }
            }
            case GgufValue.Strings strings -> strings.values().forEach(json.putArray(name)::add);
        }
    }

    /// The shortest decimal number that is this one in its own precision: 1e-5 and not 9.99999974737875e-6.
    private static double decimal(GgufValue.Real real) {
        return real.type() == GgufValue.Type.FLOAT32 ? decimal((float) real.value()) : real.value();
    }

    private static double decimal(float value) {
        return Double.parseDouble(Float.toString(value));
    }

    // ---- what architectures have in common

    String architecture() {
        return config.string("model_type").substring(MODEL_TYPE.length());
    }

    /// Blocks of the model; heads that predict further tokens, which follow them, do not count.
    int blocks() {
        int blocks = config.integer("block_count") - config.integer("nextn_predict_layers", 0);
        if (blocks < 0) {
            throw config.invalid("nextn_predict_layers", "at most block_count (" + config.integer("block_count") + ")");
        }
        return blocks;
    }

    int width() {
        return config.integer("embedding_length");
    }

    boolean has(String tensor) {
        return config.section(TENSORS).has(tensor);
    }

    /// The tensor's dimension `index`, which must be there.
    int dim(String tensor, int index) {
        int[] shape = config.section(TENSORS).integers(tensor);
        if (index >= shape.length) {
            throw config.section(TENSORS).invalid(tensor, "a shape of at least " + (index + 1) + " dimensions");
        }
        return shape[index];
    }

    /// Rows of a matrix of block `block`.
    int rows(int block, String tensor) {
        return dim("blk." + block + "." + tensor + ".weight", 0);
    }

    boolean has(int block, String tensor) {
        return has("blk." + block + "." + tensor);
    }

    NormSpec rms() {
        return NormSpec.rms(config.numberAny("attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon"));
    }

    /// Experts of block `block`.
    int experts(int block) {
        int experts = config.integer("expert_count");
        if (experts != rows(block, "ffn_gate_inp")) {
            throw config.invalid("expert_count", "that of the router of block " + block + ", " + rows(block, "ffn_gate_inp"));
        }
        return experts;
    }

    int[] heads() {
        return config.integerOrEach("attention.head_count", config.integer("block_count"));
    }

    /// Key and value heads of each block; 0 where a block does not attend.
    int[] kvHeads() {
        return config.has("attention.head_count_kv")
                ? config.integerOrEach("attention.head_count_kv", config.integer("block_count")) : heads();
    }

    int headDim(int heads) {
        int headDim = config.has("attention.key_length") ? config.integer("attention.key_length")
                : width() / Math.max(1, heads);
        if (config.integer("attention.value_length", headDim) != headDim) {
            throw config.invalid("attention.value_length", "that of keys, " + headDim);
        }
        return headDim;
    }

    /// Attention of block `block`, with biases where the file has them.
    AttentionSpec attention(int block, PositionSpec position) {
        int heads = heads()[block];
        boolean bias = has(block, "attn_q.bias") || has(block, "attn_qkv.bias");
        return AttentionSpec.of(heads, kvHeads()[block], headDim(heads), position).withBias(bias,
                has(block, "attn_output.bias"));
    }

    /// @param interleaved whether pairs are neighbours, the order in which some converters put the rows of queries and keys
    PositionSpec.Rotary rotary(int headDim, boolean interleaved) {
        return new PositionSpec.Rotary(config.number("rope.freq_base", 10000), config.integer("rope.dimension_count", headDim),
                interleaved, scaling());
    }

    private RopeScaling scaling() {
        if (config.has(ROPE_FIELD)) {
            return new RopeScaling.Divisors(Arrays.stream(config.numbers(ROPE_FIELD)).boxed().toList());
        }
        String type = config.string("rope.scaling.type", "none");
        // without a type, factors mean linear scaling
        double factor = config.number("rope.scaling.factor", config.number("rope.scale_linear", 1));
        return switch (type) {
            case "none" -> config.has("rope.scaling.type") || factor == 1 ? RopeScaling.NONE : new RopeScaling.Linear(factor);
            case "linear" -> factor == 1 ? RopeScaling.NONE : new RopeScaling.Linear(factor);
            case "yarn" -> new RopeScaling.Yarn(factor, config.number("rope.scaling.yarn_beta_fast", 32),
                    config.number("rope.scaling.yarn_beta_slow", 1), config.integer("rope.scaling.original_context_length"),
                    config.number("rope.scaling.yarn_attn_factor", factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1));
            default -> throw config.invalid("rope.scaling.type", "one of none, linear, yarn");
        };
    }

    ModelSpec model(String name, NormSpec norm, List<LayerSpec> blocks) {
        return model(name, new ModelSpec.EmbeddingSpec(1, NormSpec.NONE), norm, blocks, 1, 0);
    }

    /// @param logitScale factor on the logits
    /// @param softcap    of the logits; 0 for none
    ModelSpec model(String name, ModelSpec.EmbeddingSpec embedding, NormSpec norm, List<LayerSpec> blocks, double logitScale,
            double softcap) {
        return new ModelSpec(name, architecture(), dim("token_embd.weight", 0), width(), context(), embedding, blocks, Map.of(),
                norm, new ModelSpec.HeadSpec(!has("output.weight"), has("output.bias"), logitScale, softcap));
    }

    /// The context the model was trained for; converters write 2²⁰ where it has no limit.
    private int context() {
        int context = config.integer("context_length", 0);
        return context == 1 << 20 ? 0 : context;
    }
}
