package dev.heddle.core.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class CpuBackendTest {
    @ParameterizedTest
    @CsvSource({"0, 5", "1, 1", "3, 7", "1, 16383", "1, 16384", "1, 16385", "70, 1000"})
    void fillsAllElementsAndNoOthers(int rows, int columns) {
        try (CpuBackend backend = CpuBackend.of(CpuBackend.Choice.BEST, 2)) {
            Tensor whole = Tensor.of(backend.allocate(4L * rows * (columns + 2)), 0, DType.F32, rows, columns + 2);
            backend.fill(whole, 7);
            backend.fill(whole.columnRange(1, columns + 1), -2.5f);
            for (long i = 0; i < whole.elements(); i++) {
                long column = i % (columns + 2);
                assertEquals(column == 0 || column == columns + 1 ? 7 : -2.5f, whole.get(i), "element " + i);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16", "I32", "I8"})
    void fillsEveryType(DType type) {
        try (CpuBackend backend = CpuBackend.of(CpuBackend.Choice.BEST, 2)) {
            Tensor tensor = Tensor.of(backend.allocate(type.bytes(333_333)), 0, type, 333_333);
            backend.fill(tensor, 3);
            for (int i = 0; i < 333_333; i++) {
                assertEquals(3, tensor.get(i));
            }
        }
    }
}
