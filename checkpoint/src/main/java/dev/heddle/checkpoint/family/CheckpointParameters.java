package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.family.Binding.Transform;
import dev.heddle.checkpoint.family.Binding.View;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.core.layer.ParameterSource;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Parameters of a model out of a checkpoint. Matrices are views of the mapped file wherever their elements lie
/// there in order; small parameters are copied to f32. Every tensor must be claimed and every parameter filled.
public final class CheckpointParameters implements ParameterSource {
    private final WeightSource weights;
    private final Binder binder;
    /// Tensors by name: parameters cut from one tensor share its gradient.
    private final Map<String, Tensor> claimed = new HashMap<>();

    public CheckpointParameters(WeightSource weights, Binder binder) {
        this.weights = weights;
        this.binder = binder;
    }

    @Override
    public Tensor parameter(String name, Kind kind, long... shape) {
        Binding binding = binder.bindings().get(name);
        if (binding == null) {
            throw new CheckpointException(weights.describe() + ": no tensor is known for parameter " + name + " "
                    + Arrays.toString(shape));
        }
        Tensor viewed = view(binding, claim(binding.tensor(), name, shape), shape);
        boolean keep = kind.staysStored() && binding.transform() == Transform.IDENTITY && viewed.dtype() != DType.F64
                && viewed.isContiguous();
        return keep ? viewed.reshape(shape) : converted(viewed, binding.transform(), shape);
    }

    private Tensor claim(String tensor, String parameter, long[] shape) {
        if (!weights.contains(tensor)) {
            throw new CheckpointException(weights.describe() + ": tensor " + tensor + " is missing, expected shape "
                    + Arrays.toString(shape) + " for parameter " + parameter);
        }
        Tensor stored = claimed.computeIfAbsent(tensor, weights::tensor);
        if (!stored.dtype().isFloat() && !stored.dtype().isQuantized()) {
            throw new CheckpointException(weights.describe() + ": tensor " + tensor + " holds " + stored.dtype()
                    + ", expected floating-point numbers");
        }
        return stored;
    }

    private Tensor view(Binding binding, Tensor stored, long[] shape) {
        return switch (binding.view()) {
            case View.Whole _ -> {
                require(binding, stored, squeezed(stored.shape()).equals(squeezed(shape)) || stored.elements() == count(shape)
                        && binder.told(binding.tensor()).filter(told -> Arrays.equals(told, stored.shape())).isPresent(), shape);
                yield stored;
            }
            case View.Rows rows -> {
                require(binding, stored, stored.rank() >= 1 && rows.to() <= rowCount(stored)
                        && (rows.to() - rows.from()) * rowWidth(stored) == count(shape)
                        && (shape.length < 2 || rowWidth(stored) == shape[shape.length - 1]), shape);
                yield asRows(stored).rowRange(rows.from(), rows.to());
            }
            case View.RowList list -> {
                require(binding, stored, list.rows().length * rowWidth(stored) == count(shape)
                        && Arrays.stream(list.rows()).allMatch(row -> row >= 0 && row < rowCount(stored)), shape);
                yield gathered(asRows(stored), list.rows());
            }
            case View.Joined joined -> {
                List<Tensor> parts = new ArrayList<>(List.of(stored));
                joined.others().forEach(other -> parts.add(claim(other, binding.parameter(), shape)));
                require(binding, stored, parts.stream().allMatch(part -> rowWidth(part) == rowWidth(stored)
                        && part.dtype() == stored.dtype())
                        && parts.stream().mapToLong(Tensor::elements).sum() == count(shape), shape);
                yield joined(parts);
            }
            case View.Columns columns -> {
                int outputs = columns.transposed() ? 1 : 0;
                require(binding, stored, shape.length == 2 && columns.to() <= stored.columns()
                        && columns.to() - columns.from() == shape[1 - outputs] && stored.rows() == shape[outputs], shape);
                Tensor cut = stored.columnRange(columns.from(), columns.to());
                yield columns.transposed() ? transposed(cut) : copied(cut);
            }
            case View.Transposed part -> {
                int rank = stored.rank();
                require(binding, stored, rank >= 2 && shape.length == 2 && stored.dim(rank - 1) == shape[0]
                        && stored.dim(rank - 2) == shape[1] && (part.index() + 1L) * count(shape) <= stored.elements(), shape);
                yield transposed(stored.rowRange(part.index() * shape[1], (part.index() + 1L) * shape[1]));
            }
        };
    }

    /// A vector's entries count as rows of one column, so that biases are cut like the matrices above them.
    private static Tensor asRows(Tensor stored) {
        return stored.rank() == 1 ? stored.reshape(stored.dim(0), 1) : stored;
    }

    private static long rowCount(Tensor stored) {
        return asRows(stored).rows();
    }

    private static long rowWidth(Tensor stored) {
        return asRows(stored).columns();
    }

    private void require(Binding binding, Tensor stored, boolean fits, long[] shape) {
        if (!fits) {
            throw new CheckpointException(weights.describe() + ": tensor " + binding.tensor() + " has shape "
                    + Arrays.toString(stored.shape()) + ", expected " + expected(binding, shape) + " for parameter "
                    + binding.parameter());
        }
    }

    private static String expected(Binding binding, long[] shape) {
        return switch (binding.view()) {
            case View.Whole _ -> Arrays.toString(shape);
            case View.Rows rows -> "at least " + rows.to() + " rows, of which " + rows.from() + " to " + rows.to() + " make "
                    + Arrays.toString(shape);
            case View.RowList list -> "rows of which " + list.rows().length + " make " + Arrays.toString(shape);
            case View.Joined joined -> "rows which with those of " + String.join(", ", joined.others()) + " make "
                    + Arrays.toString(shape);
            case View.Columns columns -> "at least " + columns.to() + " columns, of which " + columns.from() + " to "
                    + columns.to() + " make " + Arrays.toString(shape) + (columns.transposed() ? " transposed" : "");
            case View.Transposed _ -> "the transpose of " + Arrays.toString(shape);
        };
    }

    private static List<Long> squeezed(long[] shape) {
        return Arrays.stream(shape).filter(dimension -> dimension != 1).boxed().toList();
    }

    private static long count(long[] shape) {
        return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }

    private static Tensor gathered(Tensor stored, int[] rows) {
        Tensor copy = Tensor.zeros(Arena.ofAuto(), stored.dtype(), rows.length, stored.columns());
        long bytes = stored.dtype().bytes(stored.columns());
        for (int i = 0; i < rows.length; i++) {
            Memory.ALL.asSlice(copy.address(i), bytes).copyFrom(Memory.ALL.asSlice(stored.address(rows[i]), bytes));
        }
        return copy;
    }

    private static Tensor joined(List<Tensor> parts) {
        long rows = parts.stream().mapToLong(CheckpointParameters::rowCount).sum();
        Tensor copy = Tensor.zeros(Arena.ofAuto(), parts.getFirst().dtype(), rows, rowWidth(parts.getFirst()));
        long row = 0;
        for (Tensor part : parts) {
            Memory.ALL.asSlice(copy.address(row), part.bytes()).copyFrom(Memory.ALL.asSlice(part.address(), part.bytes()));
            row += rowCount(part);
        }
        return copy;
    }

    private static Tensor copied(Tensor stored) {
        return gathered(stored, IntStream.range(0, stored.rows()).toArray());
    }

    private static Tensor transposed(Tensor stored) {
        Tensor copy = Tensor.zeros(Arena.ofAuto(), stored.dtype(), stored.columns(), stored.rows());
        int size = stored.dtype().size();
        for (int i = 0; i < stored.rows(); i++) {
            for (int j = 0; j < stored.columns(); j++) {
                Memory.ALL.asSlice(copy.address(j) + (long) i * size, size)
                        .copyFrom(Memory.ALL.asSlice(stored.address(i) + (long) j * size, size));
            }
        }
        return copy;
    }

    private static Tensor converted(Tensor stored, Transform transform, long[] shape) {
        Tensor copy = Tensor.zeros(Arena.ofAuto(), DType.F32, shape);
        long elements = copy.elements();
        for (long i = 0; i < elements; i++) {
            copy.set(i, transform.apply(stored.get(i)));
        }
        return copy;
    }

    /// Checks that every tensor of the checkpoint was claimed or is known to be needless.
    public void requireAllClaimed() {
        List<String> extra = weights.names().stream().filter(name -> !claimed.containsKey(name)
                && !binder.ignores(name)).toList();
        if (!extra.isEmpty()) {
            throw new CheckpointException(weights.describe() + ": the architecture has no place for "
                    + (extra.size() == 1 ? "tensor " : extra.size() + " tensors, among them ")
                    + String.join(", ", extra.subList(0, Math.min(4, extra.size()))));
        }
    }
}
