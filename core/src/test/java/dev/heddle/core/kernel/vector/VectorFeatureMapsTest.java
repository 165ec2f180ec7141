package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.FeatureMaps.Patches;
import dev.heddle.core.kernel.FeatureMaps.Statistics;
import dev.heddle.core.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class VectorFeatureMapsTest {
    private final KernelComparison kernels = new KernelComparison();

    @Test
    void unfold() {
        for (Patches patches : List.of(new Patches(1, 1, 1, 1, 1, 0), new Patches(2, 5, 7, 3, 1, 1), new Patches(3, 9, 8, 3, 2, 1),
                new Patches(1, 16, 16, 4, 4, 0), new Patches(2, 12, 10, 4, 2, 0))) {
            for (int channels : new int[] {1, 3, Lanes.COUNT, Lanes.COUNT + 1, 70}) {
                Tensor x = kernels.view(patches.images() * patches.height() * patches.width(), channels);
                kernels.compare(patches + " of " + channels, 0, k -> {
                    Tensor y = kernels.output(patches.rows(), channels * patches.kernel() * patches.kernel());
                    k.featureMaps().unfold(y, x, patches);
                    return List.of(y);
                });
            }
        }
    }

    @Test
    void arrange() {
        for (KernelComparison.Size size : KernelComparison.SIZES) {
            Tensor x = kernels.view(size.rows(), size.columns());
            int[] rows = new int[2 * size.rows()];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = i % 3 == 0 ? -1 : i * 7 % size.rows();
            }
            kernels.compare("arrange " + size, 0, k -> {
                Tensor y = kernels.output(rows.length, size.columns());
                k.featureMaps().arrange(y, x, rows);
                return List.of(y);
            });
        }
    }

    @Test
    void normalize() {
        for (KernelComparison.Size size : KernelComparison.SIZES) {
            Tensor x = kernels.view(size.rows(), size.columns(), 2);
            Tensor variance = kernels.values(1, size.columns());
            for (int c = 0; c < size.columns(); c++) {
                variance.set(c, 0.01f + Math.abs(variance.get(c)));
            }
            Statistics statistics = new Statistics(kernels.values(1, size.columns()), variance, kernels.values(1, size.columns()),
                    kernels.values(1, size.columns()));
            kernels.compare("batch norm " + size, 2e-6, k -> {
                Tensor y = kernels.output(size.rows(), size.columns());
                k.featureMaps().normalize(y, x, statistics, 1e-4f);
                return List.of(y);
            });
        }
    }

    @Test
    void mean() {
        for (int count : new int[] {1, 7, 8, 9, 100}) {
            for (int columns : new int[] {1, Lanes.COUNT, Lanes.COUNT + 1, 63}) {
                Tensor x = kernels.view(3 * count, columns);
                kernels.compare("mean of " + count + " × " + columns, 1e-6, k -> {
                    Tensor y = kernels.output(3, columns);
                    k.featureMaps().mean(y, x, count);
                    return List.of(y);
                });
            }
        }
    }
}
