package dev.heddle.train.adapt;

import dev.heddle.checkpoint.family.Binding;
import dev.heddle.checkpoint.family.Binding.View;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/// A linear module of the published model and the parameters that are cut from its weight [O, I].
///
/// @param path  of the module, its tensor's name without `.weight`
/// @param parts the parameters, at least one
record AdaptedModule(String path, List<Part> parts) {
    static final String WEIGHT = ".weight";

    /// Rows of the module that one parameter is, in its order.
    ///
    /// @param parameter name
    /// @param rows      how many
    /// @param columns   inputs I
    /// @param runs      where its rows lie
    record Part(String parameter, long rows, long columns, List<Run> runs) {
    }

    /// Consecutive rows.
    ///
    /// @param own    first row in the parameter
    /// @param module first row in the module
    record Run(long own, long module, long count) {
    }

    /// Outputs O.
    long rows() {
        return parts.stream().flatMap(part -> part.runs().stream()).mapToLong(run -> run.module() + run.count()).max().orElse(0);
    }

    /// Inputs I.
    long columns() {
        return parts.getFirst().columns();
    }

    /// Whether a parameter so bound is rows of a linear module's weight.
    static boolean isLinear(Binding binding) {
        boolean rows = switch (binding.view()) {
            case View.Whole _, View.Rows _, View.RowList _ -> true;
            case View.Joined _, View.Columns _, View.Transposed _ -> false;
        };
        return rows && binding.transform() == Binding.Transform.IDENTITY && binding.tensor().endsWith(WEIGHT);
    }

    static Part part(Binding binding, Tensor parameter) {
        return new Part(binding.parameter(), parameter.rows(), parameter.columns(), switch (binding.view()) {
            case View.Whole _ -> List.of(new Run(0, 0, parameter.rows()));
            case View.Rows rows -> List.of(new Run(0, rows.from(), parameter.rows()));
            case View.RowList list -> runs(list.rows());
            case View.Joined _, View.Columns _, View.Transposed _ ->
                    throw new IllegalArgumentException(binding.parameter() + " is not rows of " + binding.tensor());
        });
    }

    private static List<Run> runs(int[] rows) {
        List<Run> runs = new ArrayList<>();
        int from = 0;
        for (int i = 1; i <= rows.length; i++) {
            if (i == rows.length || rows[i] != rows[i - 1] + 1) {
                runs.add(new Run(from, rows[from], i - from));
                from = i;
            }
        }
        return runs;
    }
}
