package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.family.Binding.Transform;
import dev.heddle.checkpoint.family.Binding.View;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A model's parameters under the names and in the layout of its family's checkpoints: the way of
/// [CheckpointParameters] walked backwards, to write what a training made.
public final class PublishedTensors {
    private PublishedTensors() {
    }

    /// All tensors of the checkpoint in f32.
    ///
    /// @param arena      owns the tensors made here
    /// @param parameters by parameter name, buffers included, in host memory
    public static Map<String, Tensor> of(Arena arena, Binder binder, Map<String, Tensor> parameters) {
        Map<String, List<Binding>> parts = new LinkedHashMap<>();
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Binding binding : binder.bindings().values()) {
            if (binding.view() instanceof View.Joined joined) {
                split(arena, binder, binding, joined, parameters.get(binding.parameter()), tensors);
            } else {
                parts.computeIfAbsent(binding.tensor(), _ -> new ArrayList<>()).add(binding);
            }
        }
        parts.forEach((name, bindings) -> {
            Tensor tensor = Tensor.zeros(arena, DType.F32, binder.shape(name).orElseGet(() -> shape(bindings, parameters)));
            bindings.forEach(binding -> place(binding, parameters.get(binding.parameter()), tensor));
            tensors.put(name, tensor);
        });
        return tensors;
    }

    /// A parameter that checkpoints keep in several tensors, whose shapes the family tells.
    private static void split(Arena arena, Binder binder, Binding binding, View.Joined joined, Tensor parameter,
            Map<String, Tensor> tensors) {
        List<String> names = new ArrayList<>(List.of(binding.tensor()));
        names.addAll(joined.others());
        long from = 0;
        for (String name : names) {
            long[] shape = binder.shape(name)
                    .orElseThrow(() -> new IllegalStateException("the family does not tell the shape of " + name));
            Tensor tensor = Tensor.zeros(arena, DType.F32, shape);
            copy(binding.transform(), parameter, from, tensor, 0, tensor.elements());
            tensors.put(name, tensor);
            from += tensor.elements();
        }
    }

    private static long[] shape(List<Binding> bindings, Map<String, Tensor> parameters) {
        long rows = 0;
        long columns = 0;
        int parts = 0;
        for (Binding binding : bindings) {
            Tensor parameter = parameters.get(binding.parameter());
            switch (binding.view()) {
                case View.Whole _ -> {
                    return parameter.shape();
                }
                case View.Rows view -> {
                    rows = Math.max(rows, view.to());
                    columns = parameter.rank() == 1 ? 0 : parameter.columns();
                }
                case View.RowList view -> {
                    for (int row : view.rows()) {
                        rows = Math.max(rows, row + 1L);
                    }
                    columns = parameter.rank() == 1 ? 0 : parameter.columns();
                }
                case View.Columns view -> {
                    rows = view.transposed() ? parameter.columns() : parameter.rows();
                    columns = Math.max(columns, view.to());
                }
                case View.Joined _ -> throw new IllegalStateException(binding.tensor() + " is joined and bound in parts");
                case View.Transposed view -> {
                    parts = Math.max(parts, view.index() + 1);
                    rows = parameter.columns();
                    columns = parameter.rows();
                }
            }
        }
        return parts > 1 ? new long[] {parts, rows, columns} : columns == 0 ? new long[] {rows} : new long[] {rows, columns};
    }

    private static void place(Binding binding, Tensor parameter, Tensor tensor) {
        Transform transform = binding.transform();
        long width = tensor.rank() == 1 ? 1 : tensor.columns();
        switch (binding.view()) {
            case View.Whole _ -> copy(transform, parameter, 0, tensor, 0, parameter.elements());
            case View.Rows view -> copy(transform, parameter, 0, tensor, view.from() * width, parameter.elements());
            case View.RowList view -> {
                for (int i = 0; i < view.rows().length; i++) {
                    copy(transform, parameter, i * width, tensor, view.rows()[i] * width, width);
                }
            }
            case View.Columns view -> {
                long cut = view.to() - view.from();
                for (long i = 0; i < tensor.rows(); i++) {
                    for (long j = 0; j < cut; j++) {
                        copy(transform, parameter, view.transposed() ? j * tensor.rows() + i : i * cut + j, tensor,
                                i * width + view.from() + j, 1);
                    }
                }
            }
            case View.Joined _ -> throw new IllegalStateException(binding.tensor() + " is joined and bound in parts");
            case View.Transposed view -> {
                long rows = parameter.columns();
                for (long i = 0; i < rows; i++) {
                    for (long j = 0; j < width; j++) {
                        copy(transform, parameter, j * rows + i, tensor, (view.index() * rows + i) * width + j, 1);
                    }
                }
            }
        }
    }

    private static void copy(Transform transform, Tensor from, long fromIndex, Tensor to, long toIndex, long count) {
        if (fromIndex + count > from.elements() || toIndex + count > to.elements()) {
            throw new IllegalStateException(count + " elements from " + fromIndex + " of " + from + " do not fit at " + toIndex + " of " + to);
        }
        for (long i = 0; i < count; i++) {
            float x = from.get(fromIndex + i);
            to.set(toIndex + i, switch (transform) {
                case IDENTITY -> x;
                case EXP -> (float) Math.log(x);
                case NEGATE -> -x;
                case LOG_OF_NEGATIVE -> (float) -Math.exp(x);
            });
        }
    }
}
