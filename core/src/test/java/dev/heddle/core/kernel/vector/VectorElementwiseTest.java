package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.Elementwise;
import dev.heddle.core.kernel.Kernels;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class VectorElementwiseTest {
    private final KernelComparison kernels = new KernelComparison();

    @FunctionalInterface
    private interface Operation {
        void run(Elementwise elementwise, Tensor y, Tensor a, Tensor b);
    }

    /// y from a and b: into fresh memory, onto its first input, and of contiguous tensors.
    private void compare(String what, double tolerance, Operation operation) {
        for (KernelComparison.Size size : KernelComparison.SIZES) {
            int rows = size.rows();
            int columns = size.columns();
            String shape = what + " of " + rows + " × " + columns;
            Tensor a = kernels.view(rows, columns, 8);
            Tensor b = kernels.view(rows, columns);
            kernels.compare(shape, tolerance, k -> {
                Tensor y = kernels.output(rows, columns);
                operation.run(k.elementwise(), y, a, b);
                return List.of(y);
            });
            kernels.compare(shape + " in place", tolerance, k -> {
                Tensor y = kernels.copy(a);
                operation.run(k.elementwise(), y, y, b);
                return List.of(y);
            });
            Tensor flatA = kernels.contiguousCopy(a);
            Tensor flatB = kernels.contiguousCopy(b);
            kernels.compare(shape + " contiguous", tolerance, k -> {
                Tensor y = kernels.contiguousCopy(flatB);
                operation.run(k.elementwise(), y, flatA, flatB);
                return List.of(y);
            });
        }
    }

    @Test
    void arithmetic() {
        compare("copy", 0, (e, y, a, _) -> e.copy(y, a));
        compare("add", 0, (e, y, a, b) -> e.add(y, a, b, 0.3f));
        compare("scale", 0, (e, y, a, _) -> e.scale(y, a, 0.3f));
        compare("multiply", 0, Elementwise::multiply);
        compare("softcap", 2e-7, (e, y, a, _) -> e.softcap(y, a, 2.5f));
        compare("negative exp", 2e-7, (e, y, a, _) -> e.negativeExp(y, a));
    }

    @ParameterizedTest
    @EnumSource
    void activation(Activation activation) {
        compare("activate", 5e-7, (e, y, a, _) -> e.activate(y, a, activation));
        compare("gate", 5e-7, (e, y, a, b) -> e.gate(y, a, b, activation));
    }

    @Test
    void oneRowForAll() {
        for (KernelComparison.Size size : KernelComparison.SIZES) {
            int rows = size.rows();
            int columns = size.columns();
            Tensor x = kernels.view(rows, columns);
            Tensor row = kernels.values(1, columns).reshape(columns);
            kernels.compare("add row " + rows + " × " + columns, 0, k -> {
                Tensor y = kernels.output(rows, columns);
                k.elementwise().addRow(y, x, row);
                return List.of(y);
            });
            kernels.compare("multiply row " + rows + " × " + columns, 0, k -> {
                Tensor y = kernels.output(rows, columns);
                k.elementwise().multiplyRow(y, x, row);
                return List.of(y);
            });
            Tensor before = kernels.values(1, columns);
            kernels.compare("sum rows " + rows + " × " + columns, 4e-6, k -> {
                Tensor y = kernels.copy(before);
                k.elementwise().sumRows(y, x);
                return List.of(y);
            });
        }
    }

    @Test
    void transposition() {
        for (int columns : new int[] {0, 1, 4, 31, 33, 1000}) {
            for (int rows : new int[] {0, 1, 5, 32, 65}) {
                Tensor x = kernels.view(columns, rows);
                Tensor before = kernels.view(rows, columns);
                kernels.compare("transpose " + rows + " × " + columns, 0, k -> {
                    Tensor y = kernels.output(rows, columns);
                    k.elementwise().transpose(y, x);
                    Tensor sum = kernels.copy(before);
                    k.elementwise().addTransposed(sum, x);
                    return List.of(y, sum);
                });
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void gradients(Activation activation) {
        for (KernelComparison.Size size : KernelComparison.SIZES) {
            int rows = size.rows();
            int columns = size.columns();
            Tensor x = kernels.view(rows, columns, 8);
            Tensor up = kernels.view(rows, columns);
            Tensor dy = kernels.view(rows, columns);
            Tensor before = kernels.view(rows, columns);
            kernels.compare("gradient of " + activation + " " + rows + " × " + columns, 1e-6,
                    k -> gradients(k, activation, x, up, dy, before));
        }
    }

    private List<Tensor> gradients(Kernels k, Activation activation, Tensor x, Tensor up, Tensor dy, Tensor before) {
        Tensor dx = kernels.copy(before);
        k.elementwise().activateGradient(dx, dy, x, activation);
        Tensor dGate = kernels.copy(before);
        Tensor dUp = kernels.copy(before);
        k.elementwise().gateGradient(dGate, dUp, dy, x, up, activation);
        return List.of(dx, dGate, dUp);
    }
}
