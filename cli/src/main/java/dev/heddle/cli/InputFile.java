package dev.heddle.cli;

import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/// What a model is given for a comparison: tokens, or an image model its pixels.
final class InputFile {
    @Option(names = "--tokens", paramLabel = "FILE", description = "JSON: a list of lists of token ids")
    Optional<Path> tokens;

    @Option(names = "--pixels", paramLabel = "FILE",
            description = "for image models; safetensors: pixel_values [images, channels, height, width], prepared, and labels [images]")
    Optional<Path> pixels;
}
