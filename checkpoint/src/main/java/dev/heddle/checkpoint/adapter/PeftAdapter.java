package dev.heddle.checkpoint.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.weights.Safetensors;
import dev.heddle.checkpoint.weights.SafetensorsWriter;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.core.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// A low-rank adapter (Hu et al. 2021, "LoRA") of a published model, as the PEFT library keeps it: for the weight
/// W [O, I] of a linear module
///
///     W′ = W + scale·B·A        A [r, I], B [O, r]
///
/// A folder holds `adapter_config.json` (`r`, `lora_alpha`, `target_modules`) and `adapter_model.safetensors` with
/// `base_model.model.MODULE.lora_A.weight` and `….lora_B.weight`, MODULE being the module's path in the published model.
/// The scale is `lora_alpha / r`, or `lora_alpha / √r` with `use_rslora`.
///
/// @param base    `base_model_name_or_path`, what it was trained on; may be empty
/// @param alpha   `lora_alpha`
/// @param rank    `r`
/// @param scale   factor on B·A
/// @param modules factors by the published module's path
public record PeftAdapter(String base, double alpha, int rank, double scale, Map<String, Factors> modules) {
    /// File with the settings.
    public static final String CONFIG = "adapter_config.json";
    /// File with the factors.
    public static final String WEIGHTS = "adapter_model.safetensors";

    private static final String PREFIX = "base_model.model.";
    private static final String A = ".lora_A.weight";
    private static final String B = ".lora_B.weight";

    /// The factors of one module.
    ///
    /// @param a [r, I]
    /// @param b [O, r]
    public record Factors(Tensor a, Tensor b) {
    }

    public PeftAdapter {
        modules = Map.copyOf(modules);
    }

    /// An adapter with scale α/r.
    public static PeftAdapter of(String base, double alpha, int rank, Map<String, Factors> modules) {
        return new PeftAdapter(base, alpha, rank, alpha / rank, modules);
    }

    /// The adapter in `folder`. Its factors are views of the mapped file.
    /// @throws CheckpointException if a file is missing or damaged, or the adapter is of another kind
    public static PeftAdapter read(Path folder) {
        Path file = folder.resolve(CONFIG);
        if (!Files.isRegularFile(file)) {
            throw new CheckpointException(folder + ": is no adapter, it has no " + CONFIG);
        }
        ObjectNode config = Json.readObject(file);
        requirePlain(config, file);
        int rank = config.path("r").asInt();
        double alpha = config.path("lora_alpha").asDouble(Double.NaN);
        if (rank < 1 || !Double.isFinite(alpha)) {
            throw new CheckpointException(file + ": r is " + config.path("r") + " and lora_alpha " + config.path("lora_alpha")
                    + ", expected a positive integer and a number");
        }
        double scale = config.path("use_rslora").asBoolean() ? alpha / Math.sqrt(rank) : alpha / rank;
        return new PeftAdapter(config.path("base_model_name_or_path").asText(""), alpha, rank, scale,
                factors(folder.resolve(WEIGHTS), rank));
    }

    /// Refuses settings that would change the equation.
    private static void requirePlain(ObjectNode config, Path file) {
        if (!config.path("peft_type").asText().equalsIgnoreCase("LORA")) {
            throw new CheckpointException(file + ": peft_type is " + config.path("peft_type") + ", expected \"LORA\"");
        }
        if (!config.path("bias").asText("none").equals("none")) {
            throw new CheckpointException(file + ": bias is " + config.path("bias") + ", only \"none\" is known");
        }
        for (String field : List.of("use_dora", "fan_in_fan_out", "lora_bias", "use_qalora", "modules_to_save", "rank_pattern",
                "alpha_pattern", "layer_replication", "alora_invocation_tokens", "target_parameters", "trainable_token_indices")) {
            JsonNode value = config.path(field);
            boolean off = value.isMissingNode() || value.isNull() || value.isBoolean() && !value.booleanValue()
                    || value.isContainerNode() && value.isEmpty();
            if (!off) {
                throw new CheckpointException(file + ": " + field + " is " + value + ", which is not supported");
            }
        }
    }

    private static Map<String, Factors> factors(Path file, int rank) {
        Map<String, Factors> modules = new TreeMap<>();
        try (WeightSource weights = Safetensors.open(file)) {
            for (String name : weights.names()) {
                boolean first = name.endsWith(A);
                if (!name.startsWith(PREFIX) || !first && !name.endsWith(B)) {
                    throw new CheckpointException(file + ": tensor " + name + " is neither a lora_A nor a lora_B weight of a module of "
                            + PREFIX.substring(0, PREFIX.length() - 1));
                }
                String module = name.substring(PREFIX.length(), name.length() - A.length());
                String other = PREFIX + module + (first ? B : A);
                if (!weights.contains(other)) {
                    throw new CheckpointException(file + ": tensor " + other + " is missing beside " + name);
                }
                if (first) {
                    modules.put(module, checked(new Factors(weights.tensor(name), weights.tensor(other)), rank, file + ": " + module));
                }
            }
        }
        if (modules.isEmpty()) {
            throw new CheckpointException(file + ": holds no adapted module");
        }
        return modules;
    }

    private static Factors checked(Factors factors, int rank, String origin) {
        boolean matrices = factors.a().rank() == 2 && factors.b().rank() == 2;
        if (!matrices || factors.a().rows() != rank || factors.b().columns() != rank || !factors.a().dtype().isFloat()
                || !factors.b().dtype().isFloat()) {
            throw new CheckpointException(origin + ": lora_A is " + factors.a() + " and lora_B " + factors.b()
                    + ", expected numbers [r, in] and [out, r] with r = " + rank);
        }
        return factors;
    }

    /// Writes both files into `folder`, which is made if it is missing.
    ///
    /// @param linear paths of all modules of the model that could be adapted, which tells how far names can be shortened
    /// @throws CheckpointException if they cannot be written
    public void write(Path folder, Iterable<String> linear) {
        ObjectNode config = Json.object();
        config.put("peft_type", "LORA").put("task_type", "CAUSAL_LM").put("base_model_name_or_path", base).put("r", rank);
        if (alpha == Math.rint(alpha)) {
            config.put("lora_alpha", (long) alpha);
        } else {
            config.put("lora_alpha", alpha);
        }
        config.put("lora_dropout", 0.0).put("bias", "none").put("fan_in_fan_out", false).put("inference_mode", true)
                .put("init_lora_weights", true).put("use_rslora", scale != alpha / rank).put("use_dora", false);
        config.putObject("rank_pattern");
        config.putObject("alpha_pattern");
        ArrayNode targets = config.putArray("target_modules");
        targets(linear).forEach(targets::add);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        new TreeMap<>(modules).forEach((module, factors) -> {
            tensors.put(PREFIX + module + A, factors.a());
            tensors.put(PREFIX + module + B, factors.b());
        });
        try {
            Files.createDirectories(folder);
            SafetensorsWriter.write(folder.resolve(WEIGHTS), tensors, Map.of("format", "pt"));
            Path part = folder.resolve(CONFIG + ".part");
            Files.writeString(part, Json.pretty(config));
            Files.move(part, folder.resolve(CONFIG), StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new CheckpointException(folder + ": the adapter cannot be written (" + e.getMessage() + ")", e);
        }
    }

    /// A module is targeted by its path or by a name its path ends with: the last component where every module of that
    /// name is adapted, else the path.
    private List<String> targets(Iterable<String> linear) {
        Map<String, Boolean> whole = new TreeMap<>();
        linear.forEach(module -> whole.merge(last(module), modules.containsKey(module), Boolean::logicalAnd));
        return modules.keySet().stream().map(module -> whole.getOrDefault(last(module), false) ? last(module) : module)
                .distinct().sorted().toList();
    }

    private static String last(String module) {
        return module.substring(module.lastIndexOf('.') + 1);
    }
}
