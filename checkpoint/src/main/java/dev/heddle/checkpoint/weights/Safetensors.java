package dev.heddle.checkpoint.weights;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Storage;
import dev.heddle.core.tensor.Tensor;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/// A memory-mapped [safetensors](https://github.com/huggingface/safetensors) file.
///
/// Opening reads and checks the header alone; see `SafetensorsHeader` for what is checked. Element types F64,
/// F32, F16, BF16, I64, I32, I16, I8, U8 and BOOL are read, any other is an error that names tensor and type.
public final class Safetensors implements WeightSource {
    private final Path path;
    private final SafetensorsHeader header;
    private final Storage storage;
    private volatile boolean closed;

    private Safetensors(Path path, SafetensorsHeader header, Storage storage) {
        this.path = path;
        this.header = header;
        this.storage = storage;
    }

    /// Maps one file.
    /// @throws CheckpointException if it is missing, unreadable, damaged or holds an unsupported type
    public static Safetensors open(Path file) {
        MappedFile mapped = MappedFile.open(file, 8);
        return new Safetensors(file, SafetensorsHeader.read(mapped), Memory.of(mapped.bytes()));
    }

    /// Maps all files that an index (`model.safetensors.index.json`) names.
    /// @throws CheckpointException if the index or a file is missing or damaged, or they contradict each other
    public static WeightSource openIndex(Path index) {
        return ShardedWeights.open(index, Safetensors::open);
    }

    @Override
    public Set<String> names() {
        return header.tensors().keySet();
    }

    @Override
    public Tensor tensor(String name) {
        if (closed) {
            throw new IllegalStateException(path + " is closed");
        }
        SafetensorsHeader.Entry entry = header.tensors().get(name);
        if (entry == null) {
            throw NearestNames.missing(describe(), name, names());
        }
        return Tensor.of(storage, header.dataStart() + entry.begin(), entry.dtype(), entry.shape());
    }

    @Override
    public Map<String, String> metadata() {
        return header.metadata();
    }

    @Override
    public String describe() {
        return path.toString();
    }

    @Override
    public void close() {
        closed = true;
    }

    @Override
    public String toString() {
        return path + " (" + names().size() + " tensors)";
    }
}
