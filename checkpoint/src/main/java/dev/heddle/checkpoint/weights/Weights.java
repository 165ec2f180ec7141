package dev.heddle.checkpoint.weights;

import dev.heddle.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// Opens the weights in a file or a folder, whatever published form they have.
public final class Weights {
    private Weights() {
    }

    /// Opens a weight file, an index of several, or the folder of a checkpoint; [WeightFiles] says which files of a
    /// folder count.
    /// @throws CheckpointException if there is nothing, too much to choose from, or a file is damaged
    public static WeightSource open(Path fileOrFolder) {
        if (!Files.exists(fileOrFolder)) {
            throw new CheckpointException(fileOrFolder + ": no such file or folder");
        }
        if (!Files.isDirectory(fileOrFolder)) {
            return openFile(fileOrFolder);
        }
        WeightFiles chosen = WeightFiles.choose(fileOrFolder.toString(), list(fileOrFolder));
        if (chosen.index().isPresent()) {
            return openFile(fileOrFolder.resolve(chosen.index().get()));
        }
        if (chosen.files().size() == 1) {
            return openFile(fileOrFolder.resolve(chosen.files().get(0)));
        }
        return ShardedWeights.of(fileOrFolder, chosen.files().stream().map(fileOrFolder::resolve).toList(), Weights::openFile);
    }

    private static WeightSource openFile(Path file) {
        String name = file.getFileName().toString();
        if (name.endsWith(".safetensors.index.json")) {
            return Safetensors.openIndex(file);
        }
        if (name.endsWith(".index.json")) {
            return PickleArchive.openIndex(file);
        }
        if (name.endsWith(".safetensors")) {
            return Safetensors.open(file);
        }
        if (name.endsWith(".bin") || name.endsWith(".pth") || name.endsWith(".pt")) {
            return PickleArchive.open(file);
        }
        throw new CheckpointException(file + ": unknown kind of weight file, expected .safetensors, .safetensors.index.json,"
                + " .bin, .bin.index.json, .pth or .pt");
    }

    private static List<String> list(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isRegularFile).map(file -> file.getFileName().toString()).toList();
        } catch (IOException e) {
            throw new CheckpointException(folder + ": cannot be listed (" + e + ")", e);
        }
    }
}
