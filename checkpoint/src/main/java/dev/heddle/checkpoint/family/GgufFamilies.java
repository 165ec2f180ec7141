package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.text.Nearest;
import java.util.List;

/// The architectures of GGUF files: names and layout as llama.cpp's converters write them.
public final class GgufFamilies {
    private static final List<GgufFamily> ALL = List.of(
            new GgufFalconH1(),
            new GgufGemma(),
            new GgufGranite(),
            new GgufHeddle(),
            new GgufJamba(),
            new GgufLfm2(),
            new GgufLlama(),
            new GgufMamba(),
            new GgufMamba2(),
            new GgufNemotronH(),
            new GgufQwen3Next(),
            new GgufRwkv6(),
            new GgufRwkv7());

    private GgufFamilies() {
    }

    /// Names of the architectures that are read.
    public static List<String> architectures() {
        return ALL.stream().flatMap(family -> family.architectures().stream()).sorted().toList();
    }

    /// The family of a configuration that was made from a GGUF file.
    /// @throws CheckpointException if none knows its architecture
    static Family of(Config config) {
        return ALL.stream().filter(family -> family.accepts(config)).findFirst().orElseThrow(() -> {
            String architecture = new GgufConfig(config).architecture();
            return new CheckpointException(config.origin() + ": general.architecture is \"" + architecture
                    + "\", which is not supported" + Nearest.hint(architecture, architectures()) + "; supported are "
                    + String.join(", ", architectures()));
        });
    }
}
