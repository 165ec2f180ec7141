package dev.heddle.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// What `./heddle build` lets Java watch, to lay out the classes of usual commands for a quick start: the bundled model is
/// run from its folder and from a GGUF file. Its argument is a folder for that file, which does not stay.
final class ArchiveTraining {
    private ArchiveTraining() {
    }

    public static void main(String[] args) throws IOException {
        ErrorStream.takeOver();
        Path folder = ModelArgument.bundled();
        Path file = Files.createTempFile(Path.of(args[0]), "archive", ".gguf");
        try {
            for (List<String> command : List.of(
                    List.of("run", "Once upon a time", "-n", "8", "--seed", "1", "--stats"),
                    List.of("quantize", folder.toString(), file.toString(), "--type", "q8_0"),
                    List.of("run", file.toString(), "Once upon a time", "-n", "8", "--seed", "1"),
                    List.of("inspect", file.toString()))) {
                int code = Heddle.execute(new PrintWriter(Writer.nullWriter()), new PrintWriter(System.err, true),
                        command.toArray(String[]::new));
                if (code != 0) {
                    System.exit(code);
                }
            }
        } finally {
            Files.delete(file);
        }
        System.exit(0);
    }
}
