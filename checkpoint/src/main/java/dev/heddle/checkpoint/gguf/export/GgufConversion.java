package dev.heddle.checkpoint.gguf.export;

import dev.heddle.checkpoint.gguf.GgufValue;
import dev.heddle.checkpoint.gguf.GgufWriter;
import dev.heddle.checkpoint.quantize.BlockEncoder;
import dev.heddle.checkpoint.quantize.BlockEncoders;
import dev.heddle.checkpoint.quantize.FileType;
import dev.heddle.checkpoint.quantize.TensorTypes;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Writes a described model to a file: one tensor after the other, each in pieces of a few megabytes that all threads encode
/// together, so that memory stays small whatever the model's size.
public final class GgufConversion {
    private static final int QUANTIZATION_VERSION = 2;
    /// Numbers read at a time, and bytes copied at a time.
    private static final int PIECE = 1 << 21;
    private static final int GRAIN = 1 << 14;

    private final Export export;
    private final List<String> remarks;
    private final Source parameters;
    private final Map<String, DType> types;
    private final Map<String, GgufValue> metadata = new LinkedHashMap<>();

    /// Hears how far a conversion has come.
    @FunctionalInterface
    public interface Progress {
        /// @param tensor the one at work
        /// @param done   bytes written
        /// @param total  bytes of all tensors
        void report(String tensor, long done, long total);
    }

    /// Finds the numbers to write.
    @FunctionalInterface
    public interface Source {
        /// The parameter of this name, asked for when its turn comes.
        ///
        /// @param scratch memory for it, if it needs any, that lasts until its turn is over
        Tensor parameter(String name, Arena scratch);
    }

    /// @param remarks    what whoever asks for the file should know about it
    /// @param parameters finds parameters by their names
    /// @param types      of all tensors
    /// @param general    metadata beside the architecture's, written before it
    public GgufConversion(Export export, List<String> remarks, Source parameters, Map<String, DType> types,
            Map<String, GgufValue> general) {
        this.export = export;
        this.remarks = List.copyOf(remarks);
        this.parameters = parameters;
        this.types = types;
        metadata.putAll(general);
        metadata.putAll(export.metadata());
    }

    /// The types of a model's tensors in a mixture; what is not quantized is written in f32.
    public static Map<String, DType> types(Export export, FileType file) {
        List<TensorTypes.Candidate> candidates = export.tensors().stream()
                .map(one -> new TensorTypes.Candidate(one.name(), one.shape(), DType.F32)).toList();
        return TensorTypes.of(file, candidates, whole(export, "block_count"), whole(export, "expert_count"));
    }

    private static int whole(Export export, String key) {
        return export.metadata().get(export.architecture() + "." + key) instanceof GgufValue.Whole(var _, long value)
                ? (int) value : 0;
    }

    /// What every file says: architecture, name, mixture.
    public static Map<String, GgufValue> general(String architecture, String name, FileType file) {
        Map<String, GgufValue> values = new LinkedHashMap<>();
        values.put("general.architecture", new GgufValue.Text(architecture));
        values.put("general.type", new GgufValue.Text("model"));
        values.put("general.name", new GgufValue.Text(name));
        values.putAll(fileType(file));
        return values;
    }

    public static Map<String, GgufValue> fileType(FileType file) {
        Map<String, GgufValue> values = new LinkedHashMap<>();
        values.put("general.quantization_version", new GgufValue.Whole(GgufValue.Type.UINT32, QUANTIZATION_VERSION));
        values.put("general.file_type", new GgufValue.Whole(GgufValue.Type.UINT32, file.number()));
        return values;
    }

    /// `general.architecture` of the file.
    public String architecture() {
        return export.architecture();
    }

    /// What whoever asks for the file should know about it.
    public List<String> remarks() {
        return remarks;
    }

    /// The type of each tensor.
    public Map<String, DType> types() {
        return Collections.unmodifiableMap(types);
    }

    /// Bytes of all tensors.
    public long bytes() {
        return export.tensors().stream().mapToLong(one -> types.get(one.name()).bytes(one.elements())).sum();
    }

    /// Writes the file.
    /// @throws dev.heddle.checkpoint.CheckpointException if it cannot be written or the model is damaged
    public void write(Path target, Workers workers, Progress progress) {
        GgufWriter.Builder builder = GgufWriter.to(target).metadata(metadata);
        export.tensors().forEach(one -> builder.declare(one.name(), types.get(one.name()), one.shape()));
        long total = bytes();
        long done = 0;
        try (GgufWriter writer = builder.open()) {
            for (ExportedTensor tensor : export.tensors()) {
                try (Arena scratch = Arena.ofShared()) {
                    PartRows rows = new PartRows(tensor, name -> parameters.parameter(name, scratch));
                    done = write(writer, tensor, rows, workers, progress, done, total);
                }
            }
            writer.commit();
        }
    }

    private long write(GgufWriter writer, ExportedTensor tensor, PartRows rows, Workers workers, Progress progress, long before,
            long total) {
        DType type = types.get(tensor.name());
        Optional<Tensor> same = rows.unchanged().filter(one -> one.dtype() == type);
        if (same.isPresent()) {
            return copy(writer, tensor, same.get(), progress, before, total);
        }
        BlockEncoder encoder = BlockEncoders.of(type);
        int width = tensor.width();
        int bytes = Math.toIntExact(type.bytes(width));
        int most = (int) Math.clamp(PIECE / Math.max(width, 1), 1, Math.max(1, rows.rows()));
        float[] numbers = new float[most * width];
        byte[] encoded = new byte[most * bytes];
        long done = before;
        for (long first = 0; first < rows.rows(); first += most) {
            long start = first;
            int count = (int) Math.min(most, rows.rows() - first);
            workers.forRange(count, Math.max(1, GRAIN / Math.max(width, 1)), (from, to) -> {
                float[] scratch = new float[width];
                for (int i = from; i < to; i++) {
                    rows.read(start + i, scratch, numbers, i * width);
                }
                encoder.encode(numbers, from * width, (to - from) * (width / encoder.elements()), encoded, from * bytes);
            });
            writer.write(tensor.name(), ByteBuffer.wrap(encoded, 0, count * bytes));
            done += (long) count * bytes;
            progress.report(tensor.name(), done, total);
        }
        return done;
    }

    private static long copy(GgufWriter writer, ExportedTensor tensor, Tensor same, Progress progress, long before, long total) {
        long bytes = same.bytes();
        for (long at = 0; at < bytes; at += PIECE) {
            long count = Math.min(PIECE, bytes - at);
            writer.write(tensor.name(), Memory.ALL.asSlice(same.address() + at, count).asByteBuffer());
            progress.report(tensor.name(), before + at + count, total);
        }
        return before + bytes;
    }
}
