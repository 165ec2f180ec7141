package dev.heddle.core.kernel.vector;

import dev.heddle.core.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VectorLogDecayTest {
    private final KernelComparison kernels = new KernelComparison();

    @ParameterizedTest(name = "{0} rows, {1} heads, {2} columns each")
    @CsvSource({"0, 3, 1", "1, 1, 1", "5, 4, 1", "3, 7, 1", "33, 32, 1", "1, 2, 3", "7, 3, 17", "70, 8, 128", "2, 33, 257"})
    void logDecay(int rows, int heads, int width) {
        int columns = heads * width;
        Tensor x = kernels.view(rows, columns, 30);
        Tensor bias = kernels.values(1, columns);
        Tensor aLog = kernels.values(1, heads);
        kernels.compare("log decay", 3e-7, k -> {
            Tensor g = kernels.output(rows, columns);
            k.logDecay().forward(g, x, bias, aLog);
            return List.of(g);
        });
        kernels.compare("log decay in place", 3e-7, k -> {
            Tensor g = kernels.copy(x);
            k.logDecay().forward(g, g, bias, aLog);
            return List.of(g);
        });
    }
}
