package dev.heddle.checkpoint.family;

import java.util.List;

/// Which elements of a checkpoint's tensor make one parameter.
///
/// @param parameter name in the model
/// @param tensor    name in the checkpoint
/// @param view      the elements and their order
/// @param transform what their stored values mean
/// @param trained   whether it has a gradient; false for buffers
public record Binding(String parameter, String tensor, View view, Transform transform, boolean trained) {
    /// The elements of a tensor, seen as rows of its last dimension.
    public sealed interface View {
        View WHOLE = new Whole();

        /// All elements in order; the shapes may differ in how they group them.
        record Whole() implements View {
        }

        /// Rows `from` (inclusive) to `to` (exclusive).
        record Rows(long from, long to) implements View {
        }

        /// These rows in this order.
        record RowList(int[] rows) implements View {
        }

        /// All rows of the tensor, then those of the others.
        record Joined(List<String> others) implements View {
            public Joined {
                others = List.copyOf(others);
            }
        }

        /// Columns `from` (inclusive) to `to` (exclusive) of every row, with rows and columns exchanged if `transposed`.
        record Columns(long from, long to, boolean transposed) implements View {
        }

        /// Part `index` of the tensor's first dimension with rows and columns exchanged; the whole tensor is part 0 of
        /// a tensor of rank 2.
        record Transposed(int index) implements View {
        }
    }

    /// How the model's value follows from the stored one.
    public enum Transform {
        IDENTITY, EXP, NEGATE, LOG_OF_NEGATIVE;

        public float apply(float x) {
            return switch (this) {
                case IDENTITY -> x;
                case EXP -> (float) Math.exp(x);
                case NEGATE -> -x;
                case LOG_OF_NEGATIVE -> (float) Math.log(-x);
            };
        }
    }
}
