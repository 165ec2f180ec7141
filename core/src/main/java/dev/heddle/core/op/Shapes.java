package dev.heddle.core.op;

import dev.heddle.core.tensor.Tensor;

/// Shape checks of operations; kernels trust them.
final class Shapes {
    private Shapes() {
    }

    static void columns(String what, Tensor x, long columns) {
        if (x.columns() != columns) {
            throw new IllegalArgumentException(what + " is " + x + ", expected " + columns + " columns");
        }
    }

    static void rows(String what, Tensor x, long rows) {
        if (x.rows() != rows) {
            throw new IllegalArgumentException(what + " is " + x + ", expected " + rows + " rows");
        }
    }

    static void same(String what, Tensor a, Tensor b) {
        rows(what, a, b.rows());
        columns(what, a, b.columns());
    }

    static void elements(String what, Tensor x, long elements) {
        if (x.elements() != elements) {
            throw new IllegalArgumentException(what + " is " + x + ", expected " + elements + " elements");
        }
    }
}
