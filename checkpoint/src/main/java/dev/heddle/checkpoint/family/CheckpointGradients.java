package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.family.Binding.Transform;
import dev.heddle.checkpoint.family.Binding.View;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// Gradients of a model's parameters put back where a checkpoint keeps them: the way of [CheckpointParameters],
/// walked backwards.
public final class CheckpointGradients {
    private CheckpointGradients() {
    }

    /// Gradients by tensor name, in the checkpoint's own layout; zero where nothing reached.
    ///
    /// @param gradient the gradient of a parameter, by the parameter's name
    public static Map<String, float[]> of(WeightSource weights, Binder binder, Function<String, Optional<float[]>> gradient) {
        Map<String, float[]> result = new LinkedHashMap<>();
        for (Binding binding : binder.bindings().values()) {
            if (!binding.trained()) {
                continue;
            }
            List<String> names = new ArrayList<>(List.of(binding.tensor()));
            if (binding.view() instanceof View.Joined joined) {
                names.addAll(joined.others());
            }
            Optional<float[]> values = gradient.apply(binding.parameter());
            int from = 0;
            for (String name : names) {
                Tensor stored = weights.tensor(name);
                int first = from;
                float[] target = result.computeIfAbsent(name, _ -> new float[Math.toIntExact(stored.elements())]);
                values.ifPresent(all -> place(binding, stored, all, first, target));
                from += target.length;
            }
        }
        return result;
    }

    /// @param first where the values of a joined tensor begin
    private static void place(Binding binding, Tensor stored, float[] values, int first, float[] target) {
        int width = stored.rank() == 1 ? 1 : stored.columns();
        switch (binding.view()) {
            case View.Whole _ -> add(binding.transform(), stored, values, 0, target, 0, values.length);
            case View.Rows rows -> add(binding.transform(), stored, values, 0, target, Math.toIntExact(rows.from() * width),
                    values.length);
            case View.Joined _ -> add(binding.transform(), stored, values, first, target, 0, target.length);
            case View.RowList list -> {
                for (int i = 0; i < list.rows().length; i++) {
                    add(binding.transform(), stored, values, i * width, target, list.rows()[i] * width, width);
                }
            }
            case View.Columns columns -> {
                int from = Math.toIntExact(columns.from());
                int cut = Math.toIntExact(columns.to()) - from;
                int rows = values.length / cut;
                for (int i = 0; i < rows; i++) {
                    for (int j = 0; j < cut; j++) {
                        add(binding.transform(), stored, values, columns.transposed() ? j * rows + i : i * cut + j, target,
                                i * width + from + j, 1);
                    }
                }
            }
            case View.Transposed part -> {
                int rows = Math.toIntExact(stored.dim(stored.rank() - 2));
                int from = part.index() * rows * width;
                for (int i = 0; i < rows; i++) {
                    for (int j = 0; j < width; j++) {
                        add(binding.transform(), stored, values, j * rows + i, target, from + i * width + j, 1);
                    }
                }
            }
        }
    }

    private static void add(Transform transform, Tensor stored, float[] values, int from, float[] target, int to, int count) {
        for (int i = 0; i < count; i++) {
            float x = transform == Transform.IDENTITY ? 0 : stored.get(to + i);
            target[to + i] += switch (transform) {
                case IDENTITY -> values[from + i];
                case EXP -> values[from + i] * (float) Math.exp(x);
                case NEGATE -> -values[from + i];
                case LOG_OF_NEGATIVE -> values[from + i] / x;
            };
        }
    }
}
