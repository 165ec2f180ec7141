package dev.heddle.core.kernel.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.core.kernel.LoadBalance;
import dev.heddle.core.kernel.plain.PlainLoadBalance;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router.Scoring;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// The load-balancing loss: known values, its gradient by differences, the same bits with threads.
class VectorLoadBalanceTest {
    private static final LoadBalance PLAIN = new PlainLoadBalance();

    private final KernelComparison kernels = new KernelComparison();

    /// Choices j of row t: expert (⌊t/2⌋ + j) mod E.
    private Tensor choices(int rows, int active, int experts) {
        Tensor ids = kernels.values(DType.I32, 0, rows, active);
        for (int t = 0; t < rows; t++) {
            for (int j = 0; j < active; j++) {
                Memory.i32(ids.address(t) + 4L * j, (t / 2 + j) % experts);
            }
        }
        return ids;
    }

    private Tensor zeros(int rows, int columns) {
        return kernels.values(DType.F32, 0, rows, columns);
    }

    private double balance(Tensor scores, Tensor ids, Scoring scoring) {
        Tensor balance = zeros(1, 1);
        PLAIN.forward(zeros(1, scores.columns()), balance, zeros(scores.rows(), scores.columns()), scores, ids, scoring);
        return balance.get(0);
    }

    @ParameterizedTest
    @EnumSource
    void evenIsTheNumberOfChoicesAndOneSidedTheNumberOfExperts(Scoring scoring) {
        Tensor even = zeros(8, 4);
        assertEquals(2, balance(even, choices(8, 2, 4), scoring), 1e-6);
        Tensor load = zeros(1, 4);
        PLAIN.forward(load, zeros(1, 1), zeros(8, 4), even, choices(8, 2, 4), scoring);
        assertArrayEquals(new float[] {0.5f, 0.5f, 0.5f, 0.5f}, load.toFloats());
        Tensor first = zeros(8, 4);
        for (int t = 0; t < 8; t++) {
            for (int e = 0; e < 4; e++) {
                first.set(4L * t + e, e == 0 ? 30 : -30);
            }
        }
        assertEquals(4, balance(first, zerosOfI32(8), scoring), 1e-5);
    }

    private Tensor zerosOfI32(int rows) {
        return kernels.values(DType.I32, 0, rows, 1);
    }

    @ParameterizedTest
    @EnumSource
    void gradientIsThatOfDifferences(Scoring scoring) {
        Tensor scores = kernels.values(DType.F32, 2, 9, 5);
        Tensor ids = choices(9, 2, 5);
        Tensor load = zeros(1, 5);
        Tensor p = zeros(9, 5);
        PLAIN.forward(load, zeros(1, 1), p, scores, ids, scoring);
        Tensor gradient = zeros(9, 5);
        PLAIN.gradient(gradient, 100, load, p, scores, scoring);
        for (int i = 0; i < 45; i++) {
            float x = scores.get(i);
            scores.set(i, x + 1e-2f);
            double above = balance(scores, ids, scoring);
            scores.set(i, x - 1e-2f);
            double below = balance(scores, ids, scoring);
            scores.set(i, x);
            assertEquals(100 * (above - below) / 2e-2, gradient.get(i), 5e-3, scoring + " at " + i);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "7, 2, 5", "300, 2, 8", "65, 4, 64"})
    void threadsDoNotChangeABit(int rows, int active, int experts) {
        Tensor scores = kernels.view(rows, experts, 3);
        Tensor before = kernels.view(rows, experts);
        Tensor ids = choices(rows, active, experts);
        for (Scoring scoring : Scoring.values()) {
            kernels.compare(scoring + " of " + rows + " rows, " + experts + " experts", 0, k -> {
                Tensor load = kernels.output(1, experts);
                Tensor balance = kernels.output(1, 1);
                Tensor p = kernels.output(rows, experts);
                k.loadBalance().forward(load, balance, p, scores, ids, scoring);
                Tensor dScores = kernels.copy(before);
                k.loadBalance().gradient(dScores, 0.3f, load, p, scores, scoring);
                return List.of(load, balance, p, dScores);
            });
        }
    }
}
