package dev.heddle.checkpoint.weights;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.core.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/// Weights spread over several files of one folder.
///
/// With an index, its `weight_map` decides which file a name is read from. A tensor that lies in one of those
/// files without being listed is served too, as the Python loaders do, unless two files hold it.
final class ShardedWeights implements WeightSource {
    private static final long MAX_INDEX = 100_000_000;

    private final String description;
    private final Map<String, WeightSource> byName;
    private final Map<String, String> metadata;
    private volatile boolean closed;

    private ShardedWeights(String description, Map<String, WeightSource> byName, Map<String, String> metadata) {
        this.description = description;
        this.byName = Collections.unmodifiableMap(byName);
        this.metadata = Collections.unmodifiableMap(metadata);
    }

    /// The files that `index` names, each opened by `reader`.
    static ShardedWeights open(Path index, Function<Path, WeightSource> reader) {
        ObjectNode json = Json.parseStrictObject(read(index), index.toString());
        if (!(json.path("weight_map") instanceof ObjectNode map) || map.isEmpty()) {
            throw new CheckpointException(index + ": weight_map is " + Json.kind(json.path("weight_map"))
                    + ", expected an object that maps tensor names to files");
        }
        Map<String, WeightSource> files = new LinkedHashMap<>();
        Map<String, WeightSource> byName = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
            String fileName = plainName(index, entry.getKey(), entry.getValue());
            WeightSource file = files.get(fileName);
            if (file == null) {
                file = openShard(index, fileName, reader);
                files.put(fileName, file);
                metadata.putAll(file.metadata());
            }
            if (!file.contains(entry.getKey())) {
                throw new CheckpointException(index + ": puts tensor " + entry.getKey() + " into " + fileName
                        + ", which does not hold it");
            }
            byName.put(entry.getKey(), file);
        }
        addUnlisted(index.toString(), byName, files.values(), map);
        return new ShardedWeights(index.toString(), byName, metadata);
    }

    /// `files` without an index; no name may occur in two of them.
    static ShardedWeights of(Path folder, List<Path> files, Function<Path, WeightSource> reader) {
        Map<String, WeightSource> byName = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        List<WeightSource> sources = files.stream().map(reader).toList();
        sources.forEach(source -> metadata.putAll(source.metadata()));
        addUnlisted(folder.toString(), byName, sources, Json.object());
        return new ShardedWeights(folder + " (" + files.size() + " files)", byName, metadata);
    }

    private static void addUnlisted(String where, Map<String, WeightSource> byName, Iterable<WeightSource> files,
            ObjectNode listed) {
        for (WeightSource file : files) {
            for (String name : file.names()) {
                if (listed.has(name)) {
                    continue;
                }
                WeightSource other = byName.putIfAbsent(name, file);
                if (other != null) {
                    throw new CheckpointException(where + ": tensor " + name + " is both in " + other.describe()
                            + " and in " + file.describe());
                }
            }
        }
    }

    private static byte[] read(Path index) {
        try {
            long size = Files.size(index);
            if (size > MAX_INDEX) {
                throw new CheckpointException(index + ": the index has " + size + " bytes, expected at most " + MAX_INDEX);
            }
            return Files.readAllBytes(index);
        } catch (IOException e) {
            throw new CheckpointException(index + ": cannot be read (" + e + ")", e);
        }
    }

    private static String plainName(Path index, String tensor, JsonNode file) {
        String name = file.isTextual() ? file.textValue() : "";
        if (name.isEmpty() || name.equals(".") || name.equals("..") || name.length() > 255
                || name.chars().anyMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ')) {
            throw new CheckpointException(index + ": the file of tensor " + tensor + " is " + Json.kind(file)
                    + ", expected the plain name of a file in the same folder");
        }
        return name;
    }

    private static WeightSource openShard(Path index, String fileName, Function<Path, WeightSource> reader) {
        Path file = index.resolveSibling(fileName);
        if (!Files.exists(file)) {
            throw new CheckpointException(file + ": no such file, though " + index.getFileName()
                    + " names it; the download may be incomplete");
        }
        return reader.apply(file);
    }

    @Override
    public Set<String> names() {
        return byName.keySet();
    }

    @Override
    public Tensor tensor(String name) {
        if (closed) {
            throw new IllegalStateException(description + " is closed");
        }
        WeightSource file = byName.get(name);
        if (file == null) {
            throw NearestNames.missing(description, name, names());
        }
        return file.tensor(name);
    }

    @Override
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public String describe() {
        return description;
    }

    @Override
    public void close() {
        closed = true;
        byName.values().forEach(WeightSource::close);
    }

    @Override
    public String toString() {
        return description + " (" + names().size() + " tensors)";
    }
}
