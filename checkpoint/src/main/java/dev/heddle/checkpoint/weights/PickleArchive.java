package dev.heddle.checkpoint.weights;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Storage;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A PyTorch checkpoint (`pytorch_model.bin`, `.pth`, `.pt`), read without running anything in it.
///
/// Both forms of `torch.save` are read: the ZIP archive (PyTorch 1.6 and later) and the older sequence of pickles
/// followed by the raw storages. See `PickleMachine` for what the pickle may contain and `TensorTree` for how
/// nested dictionaries become names. Tensors are views of the mapped file; one whose elements do not lie row by
/// row (a transposed weight, say) is copied each time it is asked for.
public final class PickleArchive implements WeightSource {
    private static final BigInteger LEGACY_MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
    private static final long LEGACY_PROTOCOL = 1001;
    private static final long LEAST_COPY_LIMIT = 64L << 20;

    private final MappedFile file;
    private final Storage storage;
    private final Map<String, TorchTensor> tensors;
    private final Map<String, Long> storageOffsets;
    private volatile boolean closed;

    private PickleArchive(MappedFile file, Map<String, TorchTensor> tensors, Map<String, Long> storageOffsets) {
        this.file = file;
        this.storage = Memory.of(file.bytes());
        this.tensors = tensors;
        this.storageOffsets = storageOffsets;
        limitCopies();
    }

    /// Maps one archive.
    /// @throws CheckpointException if it is missing, unreadable, damaged or holds more than tensors and plain values
    public static PickleArchive open(Path path) {
        MappedFile file = MappedFile.open(path, 4);
        if (file.startsWith("PK\u0003\u0004")) {
            return openZip(file);
        }
        if (file.u8(0) == 0x80) {
            return openLegacy(file);
        }
        if (file.size() > 262 && new String(file.copy(257, 5), StandardCharsets.ISO_8859_1).equals("ustar")) {
            throw file.error("a tar archive of PyTorch before 0.1.10; save it again with a newer PyTorch");
        }
        throw file.error("neither a ZIP archive nor a pickle, expected a file that torch.save wrote");
    }

    /// Maps all archives that an index (`pytorch_model.bin.index.json`) names.
    /// @throws CheckpointException if the index or a file is missing or damaged, or they contradict each other
    public static WeightSource openIndex(Path index) {
        return ShardedWeights.open(index, PickleArchive::open);
    }

    private static PickleArchive openZip(MappedFile file) {
        ZipDirectory zip = new ZipDirectory(file);
        String prefix = prefix(file, zip);
        if (zip.contains(prefix + "constants.pkl")) {
            throw file.error("a TorchScript program, expected weights; save its state_dict with torch.save");
        }
        if (zip.contains(prefix + "byteorder")) {
            ZipDirectory.Range range = zip.locate(prefix + "byteorder");
            String order = new String(file.copy(range.offset(), (int) Math.min(range.size(), 16)), StandardCharsets.UTF_8);
            if (!order.equals("little")) {
                throw file.error("the byte order is " + order + ", expected little");
            }
        }
        ZipDirectory.Range range = zip.locate(prefix + "data.pkl");
        String origin = file.path() + ": " + prefix + "data.pkl";
        PickleMachine machine = new PickleMachine(origin, file.bytes().asSlice(range.offset(), range.size()), 0);
        Map<String, TorchTensor> tensors = TensorTree.flatten(machine.run(), origin);
        Map<String, Long> offsets = new HashMap<>();
        for (TorchStorage root : machine.storages().values()) {
            ZipDirectory.Range data = zip.locate(prefix + "data/" + root.key());
            if (data.size() < root.rootBytes()) {
                throw file.error("storage " + root.key() + " has " + data.size() + " bytes, the pickle says "
                        + root.rootBytes());
            }
            offsets.put(root.key(), data.offset());
        }
        return new PickleArchive(file, tensors, offsets);
    }

    private static String prefix(MappedFile file, ZipDirectory zip) {
        String found = null;
        for (String name : zip.names()) {
            if (name.equals("data.pkl") || name.endsWith("/data.pkl")) {
                if (found != null) {
                    throw file.error("two pickles, " + found + " and " + name + ", expected one");
                }
                found = name;
            }
        }
        if (found == null) {
            throw file.error("a ZIP archive without data.pkl, expected one that torch.save wrote");
        }
        return found.substring(0, found.length() - "data.pkl".length());
    }

    /// Pickles of a magic number, a version, facts about the machine, the object and the list of storage keys;
    /// then each storage in that order: an 8-byte count of elements and the elements.
    private static PickleArchive openLegacy(MappedFile file) {
        String origin = file.path().toString();
        PickleMachine magic = new PickleMachine(origin, file.bytes(), 0);
        Object found = magic.run();
        if (!LEGACY_MAGIC.equals(found)) {
            throw file.error("a pickle that starts with " + PickleMachine.kind(found)
                    + ", expected PyTorch's magic number; this file was not written by torch.save");
        }
        PickleMachine version = new PickleMachine(origin, file.bytes(), magic.position());
        Object number = version.run();
        if (!Long.valueOf(LEGACY_PROTOCOL).equals(number)) {
            throw file.error("the format version is " + PickleMachine.kind(number) + ", expected " + LEGACY_PROTOCOL);
        }
        PickleMachine system = new PickleMachine(origin, file.bytes(), version.position());
        if (!(system.run() instanceof Map<?, ?> facts) || !Boolean.TRUE.equals(facts.get("little_endian"))) {
            throw file.error("the file does not say that its byte order is little-endian");
        }
        PickleMachine machine = new PickleMachine(origin, file.bytes(), system.position());
        Map<String, TorchTensor> tensors = TensorTree.flatten(machine.run(), origin);
        PickleMachine keys = new PickleMachine(origin, file.bytes(), machine.position());
        if (!(keys.run() instanceof List<?> order)) {
            throw file.error("no list of storages after the tensors");
        }
        Map<String, Long> offsets = new HashMap<>();
        long at = keys.position();
        for (Object key : order) {
            TorchStorage root = key instanceof String name ? machine.storages().get(name) : null;
            if (root == null || offsets.containsKey(root.key())) {
                throw file.error("lists " + PickleMachine.kind(key) + " as a storage, which no tensor uses or which was listed before");
            }
            if (file.size() - at < 8 || root.rootBytes() > file.size() - at - 8) {
                throw file.error("storage " + root.key() + " of " + root.rootBytes() + " bytes at byte " + at
                        + " reaches past the end of the file of " + file.size() + " bytes; the file is truncated");
            }
            long elements = file.i64(at);
            if (elements != root.rootBytes() / root.dtype().size()) {
                throw file.error("storage " + root.key() + " has " + elements + " elements, the pickle says "
                        + root.rootBytes() / root.dtype().size());
            }
            offsets.put(root.key(), at + 8);
            at += 8 + root.rootBytes();
        }
        for (String key : machine.storages().keySet()) {
            if (!offsets.containsKey(key)) {
                throw file.error("storage " + key + " is not in the list of storages");
            }
        }
        return new PickleArchive(file, tensors, offsets);
    }

    /// A few bytes can describe, by a stride of 0, more elements than fit any memory.
    private void limitCopies() {
        long limit = Math.max(LEAST_COPY_LIMIT, file.size() > Long.MAX_VALUE / 4 ? Long.MAX_VALUE : 4 * file.size());
        long total = 0;
        for (Map.Entry<String, TorchTensor> entry : tensors.entrySet()) {
            if (!entry.getValue().isContiguous()) {
                long bytes = entry.getValue().bytes();
                if (bytes > limit - total) {
                    throw file.error("tensor " + entry.getKey() + " repeats elements of its storage and would need "
                            + bytes + " bytes of memory, more than such tensors of this file may take (" + limit + ")");
                }
                total += bytes;
            }
        }
    }

    @Override
    public Set<String> names() {
        return tensors.keySet();
    }

    @Override
    public Tensor tensor(String name) {
        if (closed) {
            throw new IllegalStateException(file.path() + " is closed");
        }
        TorchTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw NearestNames.missing(describe(), name, names());
        }
        long offset = storageOffsets.get(tensor.storage().key()) + tensor.offset();
        return tensor.isContiguous() ? Tensor.of(storage, offset, tensor.dtype(), tensor.shape())
                : copy(file.bytes(), offset, tensor);
    }

    private static Tensor copy(MemorySegment bytes, long offset, TorchTensor source) {
        DType dtype = source.dtype();
        int size = dtype.size();
        Tensor copy = Tensor.zeros(Arena.ofAuto(), dtype, source.shape());
        MemorySegment to = Memory.ALL.asSlice(copy.address(), copy.bytes());
        int last = source.shape().length - 1;
        long columns = source.shape()[last];
        long columnBytes = source.stride()[last] * size;
        long[] index = new long[last];
        long written = 0;
        while (written < copy.bytes()) {
            long from = offset;
            for (int i = 0; i < last; i++) {
                from += index[i] * source.stride()[i] * size;
            }
            if (columnBytes == size) {
                MemorySegment.copy(bytes, from, to, written, columns * size);
                written += columns * size;
            } else {
                for (long column = 0; column < columns; column++, from += columnBytes, written += size) {
                    MemorySegment.copy(bytes, from, to, written, size);
                }
            }
            for (int i = last - 1; i >= 0 && ++index[i] == source.shape()[i]; i--) {
                index[i] = 0;
            }
        }
        return copy;
    }

    /// Empty: a PyTorch archive carries no text about itself.
    @Override
    public Map<String, String> metadata() {
        return Map.of();
    }

    @Override
    public String describe() {
        return file.path().toString();
    }

    @Override
    public void close() {
        closed = true;
    }

    @Override
    public String toString() {
        return file.path() + " (" + tensors.size() + " tensors)";
    }
}
