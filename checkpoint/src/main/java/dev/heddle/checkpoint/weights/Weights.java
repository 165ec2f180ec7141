package dev.heddle.checkpoint.weights;

import dev.heddle.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Opens the weights in a file or a folder, whatever published form they have.
public final class Weights {
    private static final Pattern SHARD = Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})(\\.[a-z]+)");
    /// What training leaves beside the weights, in the same file format.
    private static final Pattern NO_WEIGHTS = Pattern.compile(
            "(training_args|optimizer|scheduler|scaler|rng_state.*|random_states.*|adapter_model)\\.(bin|pt|pth|safetensors)");

    private Weights() {
    }

    /// Opens a weight file, an index of several, or the folder of a checkpoint.
    ///
    /// In a folder the first of these counts: `model.safetensors`, `model.safetensors.index.json`, another
    /// `*.safetensors.index.json`, the only `*.safetensors` (or a complete set `…-00001-of-0000N.safetensors`),
    /// `pytorch_model.bin`, `pytorch_model.bin.index.json`, another `*.bin.index.json`, the only `*.bin`, `*.pth`
    /// or `*.pt`. Optimizer state, training arguments and adapters do not count.
    ///
    /// @throws CheckpointException if there is nothing, too much to choose from, or the file is damaged
    public static WeightSource open(Path fileOrFolder) {
        if (Files.isDirectory(fileOrFolder)) {
            return openFolder(fileOrFolder);
        }
        if (!Files.exists(fileOrFolder)) {
            throw new CheckpointException(fileOrFolder + ": no such file or folder");
        }
        return openFile(fileOrFolder);
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
        if (isPickle(name)) {
            return PickleArchive.open(file);
        }
        throw new CheckpointException(file + ": unknown kind of weight file, expected .safetensors, .safetensors.index.json,"
                + " .bin, .bin.index.json, .pth or .pt");
    }

    private static WeightSource openFolder(Path folder) {
        List<String> names = list(folder);
        Optional<String> index = preferred(folder, names, "model.safetensors", name -> name.equals("model.safetensors"))
                .or(() -> preferred(folder, names, "model.safetensors.index.json", n -> n.endsWith(".safetensors.index.json")));
        if (index.isPresent()) {
            return openFile(folder.resolve(index.get()));
        }
        List<String> safetensors = names.stream().filter(name -> name.endsWith(".safetensors")).toList();
        if (!safetensors.isEmpty()) {
            return oneOrShards(folder, safetensors, Safetensors::open);
        }
        index = preferred(folder, names, "pytorch_model.bin", name -> name.equals("pytorch_model.bin"))
                .or(() -> preferred(folder, names, "pytorch_model.bin.index.json", n -> n.endsWith(".bin.index.json")));
        if (index.isPresent()) {
            return openFile(folder.resolve(index.get()));
        }
        List<String> pickles = names.stream().filter(Weights::isPickle).toList();
        if (!pickles.isEmpty()) {
            return oneOrShards(folder, pickles, PickleArchive::open);
        }
        throw new CheckpointException(folder + ": no weights (.safetensors, .bin, .pth or .pt) in this folder"
                + (names.isEmpty() ? ", which is empty" : "; it holds " + shorten(names)));
    }

    private static Optional<String> preferred(Path folder, List<String> names, String first, Predicate<String> kind) {
        if (names.contains(first)) {
            return Optional.of(first);
        }
        List<String> candidates = names.stream().filter(kind).toList();
        if (candidates.size() > 1) {
            throw ambiguous(folder, candidates);
        }
        return candidates.stream().findFirst();
    }

    private static WeightSource oneOrShards(Path folder, List<String> names, Function<Path, WeightSource> reader) {
        if (names.size() == 1 && !SHARD.matcher(names.get(0)).matches()) {
            return reader.apply(folder.resolve(names.get(0)));
        }
        Matcher first = SHARD.matcher(names.get(0));
        if (!first.matches()) {
            throw ambiguous(folder, names);
        }
        int count = Integer.parseInt(first.group(3));
        for (int i = 0; i < names.size(); i++) {
            Matcher shard = SHARD.matcher(names.get(i));
            if (!shard.matches() || !shard.group(1).equals(first.group(1)) || !shard.group(3).equals(first.group(3))
                    || !shard.group(4).equals(first.group(4))) {
                throw ambiguous(folder, names);
            }
            if (Integer.parseInt(shard.group(2)) != i + 1) {
                throw new CheckpointException(folder + ": weight file " + (i + 1) + " of " + count
                        + " is missing; the download may be incomplete");
            }
        }
        if (names.size() != count) {
            throw new CheckpointException(folder + ": holds " + names.size() + " of " + count
                    + " weight files; the download may be incomplete");
        }
        return ShardedWeights.of(folder, names.stream().map(folder::resolve).toList(), reader);
    }

    private static boolean isPickle(String name) {
        return name.endsWith(".bin") || name.endsWith(".pth") || name.endsWith(".pt");
    }

    private static List<String> list(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isRegularFile).map(file -> file.getFileName().toString())
                    .filter(name -> !name.startsWith(".") && !NO_WEIGHTS.matcher(name).matches()).sorted().toList();
        } catch (IOException e) {
            throw new CheckpointException(folder + ": cannot be listed (" + e + ")", e);
        }
    }

    private static CheckpointException ambiguous(Path folder, List<String> candidates) {
        return new CheckpointException(folder + ": several weight files (" + shorten(candidates)
                + ") and no index that orders them; name the one to open");
    }

    private static String shorten(List<String> names) {
        return String.join(", ", names.subList(0, Math.min(8, names.size()))) + (names.size() > 8 ? ", …" : "");
    }
}
