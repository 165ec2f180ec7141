package dev.heddle.train.convert;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.family.HeddleNative;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.spec.SpecFile;
import dev.heddle.checkpoint.tokenizer.TokenizerFiles;
import dev.heddle.checkpoint.tokenizer.Tokenizers;
import dev.heddle.checkpoint.weights.SafetensorsWriter;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.train.TrainingException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// Writes a hybrid as a checkpoint of Heddle's own family: configuration, weights, and the transformer's tokenizer.
public final class HybridCheckpoint {
    /// What a transformer's configuration tells about its tokens.
    private static final List<String> TOKENS = List.of("bos_token_id", "eos_token_id", "pad_token_id");

    private HybridCheckpoint() {
    }

    /// Looks whether `folder` can be written, before work begins.
    /// @throws TrainingException if there is something already
    public static void require(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new TrainingException(folder + ": is a file, expected a new folder");
        }
        try (Stream<Path> inside = Files.list(folder)) {
            if (inside.findAny().isPresent()) {
                throw new TrainingException(folder + ": is not empty, expected a new folder");
            }
        } catch (IOException e) {
            throw new TrainingException(folder + ": cannot be listed (" + e.getMessage() + ")", e);
        }
    }

    /// Everything is written beside `folder` and then moved there.
    /// @throws TrainingException if it cannot be written
    public static void write(Checkpoint transformer, HybridConversion hybrid, Path folder) {
        require(folder);
        Path target = folder.toAbsolutePath().normalize();
        Path part = target.resolveSibling("." + target.getFileName() + "." + Long.toHexString(System.nanoTime()) + ".part");
        try {
            Files.createDirectories(part);
            Map<String, Tensor> shapes = hybrid.shapes();
            SafetensorsWriter.Builder builder = SafetensorsWriter.to(part.resolve("model.safetensors")).metadata("format", "pt");
            shapes.forEach((name, tensor) -> builder.declare(name, tensor.dtype(), tensor.shape()));
            try (SafetensorsWriter writer = builder.open()) {
                for (String name : shapes.keySet()) {
                    try (Arena arena = Arena.ofConfined()) {
                        writer.write(name, hybrid.tensor(arena, name));
                    }
                }
                writer.commit();
            }
            Files.writeString(part.resolve("config.json"), Json.pretty(config(transformer.config(), hybrid)));
            copyTokenizer(transformer.folder(), part);
            Files.deleteIfExists(target);
            Files.move(part, target);
        } catch (IOException e) {
            throw new TrainingException(folder + ": cannot be written (" + e.getMessage() + ")", e);
        } finally {
            discard(part);
        }
    }

    private static ObjectNode config(Config transformer, HybridConversion hybrid) {
        ObjectNode json = Json.object().put("model_type", HeddleNative.NAME);
        TOKENS.stream().filter(transformer::has).forEach(key -> json.set(key, transformer.json().get(key)));
        json.set(HeddleNative.ARCHITECTURE, SpecFile.json(hybrid.spec()));
        return json;
    }

    private static void copyTokenizer(Path from, Path to) {
        Path file;
        try {
            file = Tokenizers.file(from);
        } catch (CheckpointException _) {
            return; // models are trained on tokens too
        }
        TokenizerFiles.copy(file, to);
    }

    private static void discard(Path part) {
        if (!Files.exists(part)) {
            return;
        }
        try (Stream<Path> inside = Files.list(part)) {
            for (Path file : inside.toList()) {
                Files.delete(file);
            }
            Files.delete(part);
        } catch (IOException _) {
            // a leftover beside the result, named as one
        }
    }
}
