package dev.heddle.core.kernel.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.core.kernel.plain.PlainKullbackLeibler;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class VectorKullbackLeiblerTest {
    private final KernelComparison kernels = new KernelComparison();

    @Test
    void lossAndGradient() {
        for (int vocabulary : new int[] {1, Lanes.COUNT - 1, Lanes.COUNT, 63, 1000, 20_001}) {
            for (int rows : new int[] {0, 1, 9}) {
                Tensor a = kernels.view(rows, vocabulary, 8);
                Tensor b = kernels.view(rows, vocabulary, 8);
                Tensor dLoss = kernels.view(rows, 1);
                Tensor before = kernels.view(rows, vocabulary);
                kernels.compare(rows + " rows of " + vocabulary, 1e-6, k -> {
                    Tensor loss = kernels.output(rows, 1);
                    k.kullbackLeibler().forward(loss, a, b);
                    Tensor db = kernels.copy(before);
                    k.kullbackLeibler().backward(db, dLoss, a, b);
                    return List.of(loss, db);
                });
            }
        }
    }

    /// Of the same rows nothing is left, not even rounding.
    @Test
    void equalDistributionsHaveNoDivergence() {
        Tensor a = kernels.view(5, 777, 20);
        Tensor dLoss = kernels.view(5, 1);
        kernels.compare("equal rows", 0, k -> {
            Tensor loss = kernels.output(5, 1);
            k.kullbackLeibler().forward(loss, a, kernels.copy(a));
            assertArrayEquals(new float[5], loss.toFloats());
            Tensor db = kernels.copy(kernels.values(DType.F32, 0, 5, 777));
            k.kullbackLeibler().backward(db, dLoss, a, kernels.copy(a));
            assertArrayEquals(new float[5 * 777], db.toFloats());
            return List.of();
        });
    }

    private static double divergence(double[] a, double[] b) {
        double za = Arrays.stream(a).map(Math::exp).sum();
        double zb = Arrays.stream(b).map(Math::exp).sum();
        double sum = 0;
        for (int v = 0; v < a.length; v++) {
            sum += Math.exp(a[v]) / za * (a[v] - Math.log(za) - b[v] + Math.log(zb));
        }
        return sum;
    }

    @Test
    void theGradientIsThatOfTheEquation() {
        int n = 37;
        Tensor a = kernels.view(1, n, 3);
        Tensor b = kernels.view(1, n, 3);
        Tensor loss = kernels.output(1, 1);
        Tensor one = kernels.output(1, 1);
        one.set(0, 1);
        Tensor db = kernels.output(1, n);
        db.copyFrom(new float[n]);
        new PlainKullbackLeibler().forward(loss, a, b);
        new PlainKullbackLeibler().backward(db, one, a, b);
        double[] x = new double[n];
        double[] y = new double[n];
        for (int v = 0; v < n; v++) {
            x[v] = a.get(v);
            y[v] = b.get(v);
        }
        assertEquals(divergence(x, y), loss.get(0), 1e-6);
        for (int v = 0; v < n; v++) {
            double[] up = y.clone();
            double[] down = y.clone();
            up[v] += 1e-5;
            down[v] -= 1e-5;
            assertEquals((divergence(x, up) - divergence(x, down)) / 2e-5, db.get(v), 1e-7);
        }
    }
}
