package dev.heddle.core.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// A dense array of numbers, row-major, or a view of some of its rows or columns.
///
/// The last dimension is contiguous. All dimensions before it are the *rows*; consecutive rows lie [#stride]
/// elements apart, which is more than [#columns] only in a view made by [#columnRange]. Views share memory with
/// their [#base], the tensor that owns it. Rows of a quantized type are whole blocks, and so are the columns of its views.
///
/// Legend used all over Heddle: T token rows of a ragged batch, S its sequences, D model width, H heads,
/// K key width, V value width, N state size, G groups, E experts, F inner width, O and I outputs and inputs.
public final class Tensor {
    private final Storage storage;
    private final long offset;
    private final DType dtype;
    private final long[] shape;
    private final long stride;
    private final Tensor base;

    private Tensor(Storage storage, long offset, DType dtype, long[] shape, long stride, Tensor base) {
        this.storage = storage;
        this.offset = offset;
        this.dtype = dtype;
        this.shape = shape;
        this.stride = stride;
        this.base = base == null ? this : base;
    }

    /// A contiguous tensor that starts `offset` bytes into `storage`.
    /// @throws IllegalArgumentException if it would reach past the end of the storage
    public static Tensor of(Storage storage, long offset, DType dtype, long... shape) {
        long[] copy = shape.clone();
        if (last(copy) % dtype.blockElements() != 0) {
            throw new IllegalArgumentException("rows of a " + dtype + " tensor must be a multiple of " + dtype.blockElements()
                    + " elements long, not " + last(copy) + " as in shape " + Arrays.toString(shape));
        }
        long bytes = dtype.bytes(count(copy));
        if (storage != Storage.NONE && (offset < 0 || bytes > storage.bytes() - offset)) {
            throw new IllegalArgumentException("a " + dtype + " tensor of shape " + Arrays.toString(shape) + " at byte "
                    + offset + " needs " + bytes + " bytes, the storage has " + storage.bytes());
        }
        return new Tensor(storage, offset, dtype, copy, last(copy), null);
    }

    /// A new zeroed tensor in host memory.
    public static Tensor zeros(Arena arena, DType dtype, long... shape) {
        return of(Memory.allocate(arena, dtype.bytes(count(shape))), 0, dtype, shape);
    }

    /// A new f32 tensor in host memory with these values.
    public static Tensor of(Arena arena, float[] values, long... shape) {
        Tensor tensor = zeros(arena, DType.F32, shape);
        tensor.copyFrom(values);
        return tensor;
    }

    /// A new tensor in host memory whose elements are stored as these bytes.
    /// @throws IllegalArgumentException if they are not as many as the shape takes
    public static Tensor ofBytes(Arena arena, DType dtype, byte[] bytes, long... shape) {
        Tensor tensor = zeros(arena, dtype, shape);
        if (bytes.length != tensor.bytes()) {
            throw new IllegalArgumentException(bytes.length + " bytes for " + tensor);
        }
        MemorySegment.copy(bytes, 0, Memory.ALL, ValueLayout.JAVA_BYTE, tensor.address(), bytes.length);
        return tensor;
    }

    /// A shape without memory.
    public static Tensor shapeOnly(DType dtype, long... shape) {
        return of(Storage.NONE, 0, dtype, shape);
    }

    public DType dtype() {
        return dtype;
    }

    public long[] shape() {
        return shape.clone();
    }

    public int rank() {
        return shape.length;
    }

    public long dim(int index) {
        return shape[index];
    }

    /// Product of all dimensions but the last.
    public int rows() {
        long rows = 1;
        for (int i = 0; i < shape.length - 1; i++) {
            rows *= shape[i];
        }
        return Math.toIntExact(rows);
    }

    /// The last dimension.
    public int columns() {
        return Math.toIntExact(last(shape));
    }

    /// Elements from one row to the next.
    public long stride() {
        return stride;
    }

    /// Bytes from one row to the next.
    public long rowBytes() {
        return dtype.bytes(stride);
    }

    public long elements() {
        return count(shape);
    }

    /// Bytes of the elements themselves (a column view counts only its columns).
    public long bytes() {
        return dtype.bytes(elements());
    }

    public boolean isContiguous() {
        return stride == last(shape) || rows() <= 1;
    }

    /// The tensor whose memory this one views; itself if it is no view.
    public Tensor base() {
        return base;
    }

    public Storage storage() {
        return storage;
    }

    /// Bytes from the start of the storage to the first element.
    public long offset() {
        return offset;
    }

    public boolean hasMemory() {
        return storage != Storage.NONE;
    }

    /// Address of the first element in its device's memory.
    public long address() {
        return storage.address() + offset;
    }

    /// Address of the first element of row `row`.
    public long address(long row) {
        return storage.address() + offset + dtype.bytes(row * stride);
    }

    /// Rows `from` (inclusive) to `to` (exclusive), as a view of rank 2 or of the same rank when only the first
    /// dimension is cut.
    public Tensor rowRange(long from, long to) {
        long rows = rows();
        if (from < 0 || to < from || to > rows) {
            throw new IndexOutOfBoundsException("rows " + from + " to " + to + " of " + this);
        }
        return new Tensor(storage, offset + dtype.bytes(from * stride), dtype, new long[] {to - from, last(shape)}, stride,
                base);
    }

    /// Columns `from` (inclusive) to `to` (exclusive) of every row, as a view.
    public Tensor columnRange(long from, long to) {
        if (from < 0 || to < from || to > last(shape)) {
            throw new IndexOutOfBoundsException("columns " + from + " to " + to + " of " + this);
        }
        long[] cut = shape.clone();
        cut[cut.length - 1] = to - from;
        return new Tensor(storage, offset + dtype.bytes(from), dtype, cut, stride, base);
    }

    /// The same elements under another shape.
    /// @throws IllegalArgumentException if the element counts differ or a column view would need copying
    public Tensor reshape(long... newShape) {
        if (count(newShape) != elements()) {
            throw new IllegalArgumentException(this + " cannot be read as " + Arrays.toString(newShape));
        }
        if (!isContiguous() && last(newShape) != last(shape)) {
            throw new IllegalArgumentException(this + " is not contiguous, so it cannot be read as " + Arrays.toString(newShape));
        }
        long newStride = isContiguous() ? last(newShape) : stride;
        return new Tensor(storage, offset, dtype, newShape.clone(), newStride, base);
    }

    /// The stretch of `other` that lies where this view lies in its [#base]; how gradients of views find their
    /// place in the gradient of the whole.
    ///
    /// @param other contiguous, with as many elements as the base, of any type
    public Tensor sameViewOf(Tensor other) {
        if (base == this) {
            return other;
        }
        long first = (offset - base.offset) / dtype.blockBytes() * dtype.blockElements();
        return new Tensor(other.storage, other.offset + other.dtype.bytes(first), other.dtype, shape, stride, other.base);
    }

    // ---- host access: embedding, sampling, files and tests; kernels use addresses

    /// Element at `index`, counted row by row.
    public float get(long index) {
        long columns = last(shape);
        if (dtype.isQuantized()) {
            int block = dtype.blockElements();
            float[] values = new float[block];
            long column = index % columns;
            Blocks.read(dtype, address(index / columns) + dtype.bytes(column / block * block), block, values, 0);
            return values[(int) (column % block)];
        }
        return Memory.load(dtype, address(index / columns) + dtype.bytes(index % columns));
    }

    /// Sets the element at `index`, counted row by row.
    /// @throws IllegalArgumentException for a quantized type
    public void set(long index, float value) {
        if (dtype.isQuantized()) {
            throw new IllegalArgumentException("elements of a " + dtype + " tensor cannot be set one by one");
        }
        long columns = last(shape);
        Memory.store(dtype, address(index / columns) + dtype.bytes(index % columns), value);
    }

    /// All elements, row by row, as floats.
    public float[] toFloats() {
        float[] values = new float[Math.toIntExact(elements())];
        if (dtype == DType.F32 && isContiguous()) {
            MemorySegment.ofArray(values).copyFrom(Memory.ALL.asSlice(address(), bytes()));
            return values;
        }
        if (dtype.isQuantized()) {
            for (int row = 0; row < rows(); row++) {
                Blocks.read(dtype, address(row), columns(), values, row * columns());
            }
            return values;
        }
        for (int i = 0; i < values.length; i++) {
            values[i] = get(i);
        }
        return values;
    }

    /// All elements as they are stored, row by row.
    /// @throws IllegalStateException if they do not lie together
    public byte[] toBytes() {
        if (!isContiguous()) {
            throw new IllegalStateException(this + " is not contiguous");
        }
        return Memory.ALL.asSlice(address(), bytes()).toArray(ValueLayout.JAVA_BYTE);
    }

    /// Overwrites all elements, row by row.
    public void copyFrom(float[] values) {
        if (values.length != elements()) {
            throw new IllegalArgumentException(values.length + " values for " + this);
        }
        for (int i = 0; i < values.length; i++) {
            set(i, values[i]);
        }
    }

    @Override
    public String toString() {
        return dtype + Arrays.toString(shape) + (isContiguous() ? "" : " (stride " + stride + ")");
    }

    private static long last(long[] shape) {
        return shape.length == 0 ? 1 : shape[shape.length - 1];
    }

    private static long count(long[] shape) {
        long count = 1;
        for (long dimension : shape) {
            if (dimension < 0) {
                throw new IllegalArgumentException("negative dimension in shape " + Arrays.toString(shape));
            }
            count = Math.multiplyExact(count, dimension);
        }
        return count;
    }
}
