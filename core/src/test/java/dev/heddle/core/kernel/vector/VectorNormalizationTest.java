package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.Normalization;
import dev.heddle.core.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VectorNormalizationTest {
    private final KernelComparison kernels = new KernelComparison();

    @FunctionalInterface
    private interface Case {
        void run(String what, int rows, int columns, int groups, Optional<Tensor> weight, Optional<Tensor> bias);
    }

    /// All sizes with one group and several, weights of a whole row, of one part, and none.
    private void each(Case each) {
        for (KernelComparison.Size size : KernelComparison.SIZES) {
            for (int groups : new int[] {1, 3}) {
                int width = size.columns();
                int columns = width * groups;
                String what = size.rows() + " × " + groups + " · " + width;
                each.run(what, size.rows(), columns, groups, Optional.empty(), Optional.empty());
                each.run(what + " weighted", size.rows(), columns, groups, weights(columns), weights(columns));
                if (groups > 1) {
                    each.run(what + " weighted alike", size.rows(), columns, groups, weights(width), weights(width));
                }
            }
        }
    }

    private Optional<Tensor> weights(int columns) {
        return Optional.of(kernels.values(1, columns).reshape(columns));
    }

    @FunctionalInterface
    private interface Norm {
        void run(Normalization norm, Tensor y, Tensor x, int groups, Optional<Tensor> weight, Optional<Tensor> bias);
    }

    private void forward(String name, Norm norm) {
        each((what, rows, columns, groups, weight, bias) -> {
            Tensor x = kernels.view(rows, columns, 2);
            kernels.compare(name + " " + what, 3e-6, k -> {
                Tensor y = kernels.output(rows, columns);
                norm.run(k.normalization(), y, x, groups, weight, bias);
                Tensor inPlace = kernels.copy(x);
                norm.run(k.normalization(), inPlace, inPlace, groups, weight, bias);
                return List.of(y, inPlace);
            });
        });
    }

    @Test
    void rms() {
        forward("rms", (n, y, x, groups, weight, _) -> n.rms(y, x, weight, 0.5f, 1e-5f, groups));
    }

    @Test
    void layer() {
        forward("layer", (n, y, x, groups, weight, bias) -> n.layer(y, x, weight, bias, 1e-3f, groups));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void l2(boolean insideRoot) {
        forward("l2", (n, y, x, groups, _, _) -> n.l2(y, x, 1e-6f, insideRoot, groups));
    }

    private Optional<Tensor> copy(Optional<Tensor> before) {
        return before.map(kernels::contiguousCopy);
    }

    @Test
    void rmsGradient() {
        each((what, rows, columns, groups, weight, _) -> {
            Tensor x = kernels.view(rows, columns, 2);
            Tensor dy = kernels.view(rows, columns);
            Tensor before = kernels.view(rows, columns);
            kernels.compare("rms gradient " + what, 1e-5, k -> {
                Tensor dx = kernels.copy(before);
                Optional<Tensor> dw = copy(weight);
                k.normalization().rmsGradient(dx, dw, dy, x, weight, 0.5f, 1e-3f, groups);
                return dw.map(w -> List.of(dx, w)).orElse(List.of(dx));
            });
        });
    }

    @Test
    void layerGradient() {
        each((what, rows, columns, groups, weight, bias) -> {
            Tensor x = kernels.view(rows, columns, 2);
            Tensor dy = kernels.view(rows, columns);
            Tensor before = kernels.view(rows, columns);
            kernels.compare("layer gradient " + what, 2e-5, k -> {
                Tensor dx = kernels.copy(before);
                Optional<Tensor> dw = copy(weight);
                Optional<Tensor> db = copy(bias);
                k.normalization().layerGradient(dx, dw, db, dy, x, weight, 1e-2f, groups);
                return dw.map(w -> List.of(dx, w, db.get())).orElse(List.of(dx));
            });
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void l2Gradient(boolean insideRoot) {
        each((what, rows, columns, groups, _, _) -> {
            Tensor x = kernels.view(rows, columns, 2);
            Tensor dy = kernels.view(rows, columns);
            Tensor before = kernels.view(rows, columns);
            kernels.compare("l2 gradient " + what, 1e-5, k -> {
                Tensor dx = kernels.copy(before);
                k.normalization().l2Gradient(dx, dy, x, 0.3f, insideRoot, groups);
                return List.of(dx);
            });
        });
    }
}
