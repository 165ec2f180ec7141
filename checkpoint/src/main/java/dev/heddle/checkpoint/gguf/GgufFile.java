package dev.heddle.checkpoint.gguf;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.weights.MappedFile;
import dev.heddle.checkpoint.weights.NearestNames;
import dev.heddle.checkpoint.weights.WeightFiles;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Storage;
import dev.heddle.core.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A memory-mapped GGUF file, or the files `…-00001-of-0000N.gguf` of a set, of which any one names all.
///
/// Opening reads and checks the headers alone. Tensors keep the type they are stored in.
public final class GgufFile implements WeightSource {
    /// Values by which the files of a set say which they are.
    static final String SPLIT_COUNT = "split.count";
    static final String SPLIT_NUMBER = "split.no";
    static final String SPLIT_TENSORS = "split.tensors.count";

    private static final Pattern PART = Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})\\.gguf");

    private final Path path;
    private final GgufHeader first;
    private final int files;
    private final Map<String, Placed> tensors;
    private volatile boolean closed;

    private record Placed(GgufTensor tensor, Storage storage) {
    }

    private record Part(Path path, GgufHeader header, Storage storage) {
        static Part open(Path path) {
            MappedFile file = MappedFile.open(path, GgufHeader.MAGIC.length());
            return new Part(path, GgufHeader.read(file), Memory.of(file.bytes()));
        }

        long number() {
            return header.metadata().index(SPLIT_NUMBER).orElse(0);
        }
    }

    private GgufFile(Path path, List<Part> parts) {
        this.path = path;
        first = parts.getFirst().header();
        files = parts.size();
        Map<String, Placed> all = new LinkedHashMap<>();
        for (Part part : parts) {
            part.header().tensors().forEach((name, tensor) -> {
                if (all.put(name, new Placed(tensor, part.storage())) != null) {
                    throw new CheckpointException(part.path() + ": tensor " + name + " is in an earlier file of the set, too");
                }
            });
        }
        tensors = Collections.unmodifiableMap(all);
    }

    /// Whether a path is the name of a GGUF file.
    public static boolean isNamed(Path path) {
        return path.getFileName() != null && path.getFileName().toString().endsWith(".gguf");
    }

    /// The GGUF file that `path` is, or whose folder it is if that holds no weights of another kind; of a set of files the
    /// first.
    /// @throws CheckpointException if a folder holds several such files, or some of a set are missing
    public static Optional<Path> in(Path path) {
        if (Files.isRegularFile(path)) {
            return isNamed(path) ? Optional.of(path) : Optional.empty();
        }
        if (!Files.isDirectory(path)) {
            return Optional.empty();
        }
        try (Stream<Path> files = Files.list(path)) {
            List<String> names = files.filter(Files::isRegularFile).map(file -> file.getFileName().toString()).toList();
            return names.stream().filter(WeightFiles::isWeightFileOrIndex).findAny().isEmpty() ? Optional.empty()
                    : WeightFiles.choose(path.toString(), names).files().stream().limit(1).map(path::resolve)
                            .filter(GgufFile::isNamed).findFirst();
        } catch (IOException e) {
            throw new CheckpointException(path + ": cannot be listed (" + e + ")", e);
        }
    }

    /// Maps a file and, if it is one of a set, the others.
    /// @throws CheckpointException if it is missing, unreadable, damaged, or some of a set are missing
    public static GgufFile open(Path file) {
        Part opened = Part.open(file);
        int count = opened.header().metadata().index(SPLIT_COUNT).orElse(1);
        if (count <= 1) {
            return new GgufFile(file, List.of(opened));
        }
        Matcher name = PART.matcher(file.getFileName().toString());
        if (!name.matches() || Integer.parseInt(name.group(3)) != count) {
            throw new CheckpointException(file + ": says that it is one of " + count + " files, expected a name like "
                    + "model-00001-of-" + "%05d".formatted(count) + ".gguf");
        }
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Path part = file.resolveSibling("%s-%05d-of-%05d.gguf".formatted(name.group(1), i + 1, count));
            if (!Files.exists(part)) {
                throw new CheckpointException(part + ": no such file, though " + file.getFileName() + " is one of " + count
                        + "; the download may be incomplete");
            }
            Part next = part.getFileName().equals(file.getFileName()) ? opened : Part.open(part);
            if (next.number() != i || next.header().metadata().index(SPLIT_COUNT).orElse(1) != count) {
                throw new CheckpointException(part + ": says that it is file " + (next.number() + 1) + " of "
                        + next.header().metadata().index(SPLIT_COUNT).orElse(1) + ", expected " + (i + 1) + " of " + count);
            }
            parts.add(next);
        }
        GgufFile set = new GgufFile(parts.getFirst().path(), parts);
        int expected = set.first.metadata().index(SPLIT_TENSORS).orElse(set.tensors.size());
        if (expected != set.tensors.size()) {
            throw new CheckpointException(set.path + ": the set should have " + expected + " tensors and has "
                    + set.tensors.size());
        }
        return set;
    }

    /// The metadata, of a set that of its first file.
    public GgufMetadata values() {
        return first.metadata();
    }

    /// GGUF's version, 2 or 3.
    public int version() {
        return first.version();
    }

    /// How many files make the set.
    public int files() {
        return files;
    }

    /// What the tensor called `name` is.
    /// @throws CheckpointException if there is none
    public GgufTensor entry(String name) {
        return placed(name).tensor();
    }

    @Override
    public Set<String> names() {
        return tensors.keySet();
    }

    @Override
    public Tensor tensor(String name) {
        if (closed) {
            throw new IllegalStateException(path + " is closed");
        }
        Placed placed = placed(name);
        GgufTensor tensor = placed.tensor();
        DType type = tensor.type().dtype().orElseThrow(() -> new CheckpointException(describe() + ": tensor " + name
                + " is stored as " + tensor.type() + ", supported are " + Arrays.stream(GgmlType.values())
                        .filter(known -> known.dtype().isPresent()).map(GgmlType::name).collect(Collectors.joining(", "))));
        return Tensor.of(placed.storage(), tensor.offset(), type, tensor.shape());
    }

    private Placed placed(String name) {
        Placed placed = tensors.get(name);
        if (placed == null) {
            throw NearestNames.missing(describe(), name, names());
        }
        return placed;
    }

    /// The metadata's strings.
    @Override
    public Map<String, String> metadata() {
        Map<String, String> texts = new LinkedHashMap<>();
        values().values().forEach((name, value) -> {
            if (value instanceof GgufValue.Text text) {
                texts.put(name, text.value());
            }
        });
        return texts;
    }

    @Override
    public String describe() {
        return files == 1 ? path.toString() : path + " and " + (files - 1) + " more";
    }

    @Override
    public void close() {
        closed = true;
    }

    @Override
    public String toString() {
        return describe() + " (" + names().size() + " tensors)";
    }
}
