package dev.heddle.checkpoint.quantize;

import dev.heddle.core.tensor.DType;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Which type each tensor of a file gets.
///
/// Norms, biases, convolutions, A, D, decays, routers and low-rank maps stay as they are. The projections from which time
/// steps, B and C of Mamba layers come (`ssm_x`, `ssm_dt`) get 8 bits: they are small, and exponentials follow. All
/// other matrices get the mixture's type, except that, as llama.cpp mixes:
///
/// - the head, or an embedding that is the head too, gets Q6_K (Q8_0 in a Q8_0 file, or where rows are no whole blocks);
/// - in `…_K_M` and `…_K_S` files values (`attn_v`) and the second matrix of MLPs (`ffn_down`) get more bits in layers
///   that use most of them, joined projections (`attn_qkv`) in `…_K_M` files everywhere;
/// - rows that are no multiple of 256 get the type of 32-blocks nearest in size: Q3_K becomes Q4_0, Q4_K Q5_0, Q5_K
///   Q5_1, Q6_K Q8_0; rows that are no multiple of 32 become F16.
public final class TensorTypes {
    private static final Pattern BLOCK = Pattern.compile("(?:blk|blocks)\\.(\\d+)\\..*");
    /// Tensors that stay as they are, beside all that have one dimension or are called neither weight nor matrix.
    private static final Pattern KEPT = Pattern.compile(".*(?:_norm\\.weight|ffn_gate_inp.*|ssm_conv1d.*|shortconv\\.conv\\.weight"
            + "|time_mix_(?:first|[wvag][012]|decay(?:_w[12])?|lerp_.*)\\.weight|channel_mix_lerp_.*"
            // Heddle's own names
            + "|router\\.weight|conv\\.weight|_conv\\.weight|shared_gate\\.weight"
            + "|\\.(?:decay|rate|value_mix|gate|mix_[a-z])\\.(?:down|up)\\.weight|_adapter\\..*)");
    private static final Pattern SENSITIVE = Pattern.compile(".*\\.(?:ssm_x|ssm_dt|x_proj|dt_proj)\\.weight");

    private final FileType file;
    private final int layers;
    private final int experts;
    private final boolean tied;
    private final int valueTensors;
    private int values;
    private int downs;

    private TensorTypes(FileType file, int layers, int experts, boolean tied, int valueTensors) {
        this.file = file;
        this.layers = layers;
        this.experts = experts;
        this.tied = tied;
        this.valueTensors = valueTensors;
    }

    /// A tensor that is to get a type.
    ///
    /// @param shape the contiguous dimension last
    /// @param kept  its type if it is not to be quantized
    public record Candidate(String name, long[] shape, DType kept) {
    }

    /// The type of each tensor.
    ///
    /// @param layers  the model's
    /// @param experts in each of its mixtures; 0 for none
    public static Map<String, DType> of(FileType file, List<Candidate> tensors, int layers, int experts) {
        boolean tied = tensors.stream().noneMatch(one -> isHead(one.name()));
        int values = (int) tensors.stream().filter(one -> isValue(one.name())).count();
        TensorTypes types = new TensorTypes(file, layers, experts, tied, values);
        Map<String, DType> chosen = new LinkedHashMap<>();
        tensors.forEach(one -> chosen.put(one.name(), null));
        // what is mixed depends on how many such tensors came before, in the order of the layers
        tensors.stream().sorted(Comparator.comparingInt(one -> block(one.name()).orElse(-1)))
                .forEach(one -> chosen.put(one.name(), types.choose(one)));
        return chosen;
    }

    /// Whether the tensor may be quantized.
    static boolean isMatrix(Candidate tensor) {
        return tensor.shape().length >= 2 && tensor.name().endsWith("weight") && !KEPT.matcher(tensor.name()).matches();
    }

    private DType choose(Candidate tensor) {
        if (!isMatrix(tensor)) {
            return tensor.kept();
        }
        DType type = file.type();
        return type.isQuantized() ? fitting(mixed(tensor.name(), type, tensor.shape()[tensor.shape().length - 1]), tensor) : type;
    }

    private DType mixed(String name, DType type, long width) {
        if (isHead(name) || tied && isEmbedding(name)) {
            return type == DType.Q8_0 || width % type.blockElements() != 0 ? DType.Q8_0 : DType.Q6_K;
        }
        if (SENSITIVE.matcher(name).matches()) {
            return DType.Q8_0;
        }
        if (isValue(name)) {
            return value(name, type);
        }
        if (name.contains("attn_k.weight")) {
            return experts == 8 ? DType.Q8_0 : type;
        }
        if (name.contains("ffn_down")) {
            return down(name, type);
        }
        if (name.contains("attn_output.weight")) {
            return output(type);
        }
        return type;
    }

    private DType value(String name, DType type) {
        int index = values++;
        if (experts == 8) {
            return DType.Q8_0;
        }
        return switch (file) {
            case Q3_K_M -> index < 2 ? DType.Q5_K : DType.Q4_K;
            case Q4_K_M, Q5_K_M -> needsMore(index, valueTensors) ? DType.Q6_K : type;
            case Q4_K_S -> index < 4 ? DType.Q5_K : type;
            default -> type;
        };
    }

    private DType down(String name, DType type) {
        int index = experts > 1 ? block(name).orElse(0) : downs;
        downs++;
        return switch (file) {
            case Q3_K_M -> index < layers / 16 ? DType.Q5_K : DType.Q4_K;
            case Q4_K_M, Q5_K_M -> needsMore(index, layers) ? DType.Q6_K : type;
            case Q4_K_S -> index < layers / 8 ? DType.Q5_K : type;
            default -> type;
        };
    }

    private DType output(DType type) {
        boolean few = file == FileType.Q3_K_S || file == FileType.Q3_K_M || file == FileType.Q4_K_S || file == FileType.Q4_K_M;
        if (experts == 8) {
            return few ? DType.Q5_K : type;
        }
        return file == FileType.Q3_K_M ? DType.Q4_K : type;
    }

    /// The first eighth of the layers, the last, and every third between.
    private static boolean needsMore(int layer, int layers) {
        return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
    }

    private static DType fitting(DType wanted, Candidate tensor) {
        long width = tensor.shape()[tensor.shape().length - 1];
        if (width % wanted.blockElements() == 0) {
            return wanted;
        }
        DType smaller = switch (wanted) {
            case Q3_K -> DType.Q4_0;
            case Q4_K -> DType.Q5_0;
            case Q5_K -> DType.Q5_1;
            case Q6_K -> DType.Q8_0;
            default -> wanted;
        };
        return width % smaller.blockElements() == 0 ? smaller : DType.F16;
    }

    private static boolean isHead(String name) {
        return name.equals("output.weight") || name.equals("head.weight");
    }

    private static boolean isEmbedding(String name) {
        return name.equals("token_embd.weight") || name.equals("embedding.weight");
    }

    private static boolean isValue(String name) {
        return name.contains("attn_v.weight") || name.contains("attn_qkv.weight");
    }

    private static Optional<Integer> block(String name) {
        Matcher matcher = BLOCK.matcher(name);
        return matcher.matches() ? Optional.of(Integer.parseInt(matcher.group(1))) : Optional.empty();
    }
}
