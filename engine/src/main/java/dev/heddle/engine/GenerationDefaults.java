package dev.heddle.engine;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.gguf.GgufFile;
import dev.heddle.checkpoint.gguf.GgufMetadata;
import dev.heddle.engine.sampling.SamplingOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/// How a model's makers recommend to generate with it: the `generation_config.json` beside its weights, read as HF
/// Transformers reads it. What the file leaves open is Heddle's default; a repetition penalty of the file counts the
/// whole sequence, as there. Its end-of-sequence tokens belong to the tokenizer. A GGUF file has them in its metadata
/// (`general.sampling.temp` and so on).
///
/// @param sampling  `do_sample`, `temperature`, `top_k`, `top_p`, `min_p`, `repetition_penalty`; with `"do_sample": false`
///                  the temperature is 0
/// @param maxTokens `max_new_tokens`
/// @param stop      `stop_strings`
public record GenerationDefaults(SamplingOptions sampling, OptionalInt maxTokens, List<String> stop) {
    public GenerationDefaults {
        stop = List.copyOf(stop);
    }

    /// Those of the model in `folder`; Heddle's own without a file.
    /// @throws CheckpointException if the file is damaged or holds impossible values
    public static GenerationDefaults read(Path folder) {
        if (GgufFile.isNamed(folder) && Files.isRegularFile(folder)) {
            try (GgufFile gguf = GgufFile.open(folder)) {
                return of(gguf.values());
            }
        }
        Path file = folder.resolve("generation_config.json");
        SamplingOptions own = SamplingOptions.DEFAULT;
        if (!Files.isRegularFile(file)) {
            return new GenerationDefaults(own, OptionalInt.empty(), List.of());
        }
        Config config = Config.read(file);
        int maxTokens = config.integer("max_new_tokens", -1);
        List<String> stop = config.isString("stop_strings") ? List.of(config.string("stop_strings"))
                : config.strings("stop_strings", List.of());
        try {
            SamplingOptions sampling = new SamplingOptions(
                    config.flag("do_sample", true) ? config.number("temperature", own.temperature()) : 0,
                    config.integer("top_k", own.topK()), config.number("top_p", own.topP()), config.number("min_p", own.minP()),
                    config.number("repetition_penalty", own.repeatPenalty()), own.presencePenalty(), own.frequencyPenalty(),
                    config.has("repetition_penalty") ? -1 : own.repeatLastN());
            return new GenerationDefaults(sampling, maxTokens > 0 ? OptionalInt.of(maxTokens) : OptionalInt.empty(), stop);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file + ": " + e.getMessage(), e);
        }
    }

    private static GenerationDefaults of(GgufMetadata metadata) {
        SamplingOptions own = SamplingOptions.DEFAULT;
        String prefix = "general.sampling.";
        try {
            SamplingOptions sampling = new SamplingOptions(metadata.number(prefix + "temp").orElse(own.temperature()),
                    metadata.index(prefix + "top_k").orElse(own.topK()), metadata.number(prefix + "top_p").orElse(own.topP()),
                    metadata.number(prefix + "min_p").orElse(own.minP()),
                    metadata.number(prefix + "penalty_repeat").orElse(own.repeatPenalty()), own.presencePenalty(),
                    own.frequencyPenalty(), metadata.index(prefix + "penalty_last_n").orElse(own.repeatLastN()));
            return new GenerationDefaults(sampling, OptionalInt.empty(), List.of());
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(metadata.origin() + ": " + prefix + "…: " + e.getMessage(), e);
        }
    }
}
