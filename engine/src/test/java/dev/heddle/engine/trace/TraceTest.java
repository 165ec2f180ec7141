package dev.heddle.engine.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.kernel.Attention;
import dev.heddle.core.kernel.KeyValues;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.StateSpaceDual;
import dev.heddle.core.kernel.plain.PlainAttention;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.engine.LanguageModel;
import dev.heddle.engine.TestFiles;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a trace shows is what the model computed.
class TraceTest {
    private static CpuBackend backend;

    @BeforeAll
    static void open() {
        backend = CpuBackend.best();
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    private static float[] noise(int count, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /// Softmax of scaled products of queries and keys, written out.
    @ParameterizedTest
    @CsvSource({"0, 0", "5, 0", "5, 2"})
    void weightsAreTheSoftmaxOfQueriesAndKeys(int window, int sinks) {
        int rows = 11;
        int heads = 4;
        int groups = 2;
        int width = 8;
        float scale = 0.4f;
        float cap = 3;
        float[] q = noise(rows * heads * width, 1);
        float[] k = noise(rows * groups * width, 2);
        try (Arena arena = Arena.ofConfined()) {
            // positions lie in two pages in reverse order
            float[] stored = new float[2 * 8 * groups * width];
            int[][] pages = {{1, 0}};
            KeyValues cache = new KeyValues(Tensor.of(arena, stored, 16, groups * width), Tensor.zeros(arena, DType.F32, 16, groups), pages, 8);
            for (int s = 0; s < rows; s++) {
                for (int i = 0; i < groups * width; i++) {
                    cache.keys().set(cache.row(0, s) * groups * width + i, k[s * groups * width + i]);
                }
            }
            Attention.Shape shape = new Attention.Shape(heads, groups, width, 1, scale, cap, window, sinks, true);
            Segments segments = new Segments(new int[] {0, rows}, new long[] {0}, new int[] {0});
            Tensor queries = Tensor.of(arena, q, rows, heads * width);
            for (Attention kernel : List.of(new PlainAttention(), backend.kernels().attention())) {
                float[][] weights = new AttentionWeights(backend).of(kernel, shape, queries, cache, segments).weights();
                for (int t = 0; t < rows; t++) {
                    double[] expected = new double[rows];
                    for (int h = 0; h < heads; h++) {
                        double[] powers = new double[rows];
                        double sum = 0;
                        for (int s = 0; s <= t; s++) {
                            double dot = 0;
                            for (int d = 0; d < width; d++) {
                                dot += q[(t * heads + h) * width + d] * k[(s * groups + h / 2) * width + d];
                            }
                            double score = cap * Math.tanh(scale * dot / cap) - Math.pow(2, -2.0 * (h + 1)) * (t - s);
                            boolean visible = window == 0 || t - s < window || s < sinks;
                            powers[s] = visible ? Math.exp(score) : 0;
                            sum += powers[s];
                        }
                        for (int s = 0; s <= t; s++) {
                            expected[s] += powers[s] / sum / heads;
                        }
                    }
                    for (int s = 0; s < rows; s++) {
                        assertEquals(expected[s], weights[t][s], 2e-6, "weight of " + s + " for " + t);
                    }
                }
            }
        }
    }

    @Test
    void timeStepsAreTheSoftplusOfProjectionAndBias() {
        try (Arena arena = Arena.ofConfined()) {
            float[] dt = noise(6, 3);
            float[] bias = {0.5f, -2};
            float[] a = {-1, -4};
            Observation.Recurrence seen = new RecurrenceValues(backend).stateSpaceDual(new StateSpaceDual.Shape(2, 4, 1, 8, 64, 0.01f, 100),
                    Tensor.of(arena, dt, 3, 2), Optional.of(Tensor.of(arena, bias, 2)), Tensor.of(arena, a, 2));
            for (int t = 0; t < 3; t++) {
                double d0 = Math.max(0.01, Math.log(1 + Math.exp(dt[2 * t] + 0.5)));
                double d1 = Math.max(0.01, Math.log(1 + Math.exp(dt[2 * t + 1] - 2)));
                assertEquals((d0 + d1) / 2, seen.write().orElseThrow()[t], 1e-6);
                assertEquals((Math.exp(-d0) + Math.exp(-4 * d1)) / 2, seen.keep()[t], 1e-6);
            }
        }
    }

    /// A trace of every reference checkpoint: rows of attention sum to 1, decays are shares, and the results of the pass
    /// that is looked at have the bits of one that is not.
    @ParameterizedTest
    @CsvSource({"falcon_h1, 1, 1", "jamba, 1, 1", "mamba, 0, 1", "mamba2, 0, 1", "zamba2, 1, 1", "hymba, 1, 1", "samba, 1, 1",
        "griffin, 1, 1", "rwkv4, 0, 1", "rwkv6, 0, 1", "rwkv7, 0, 1", "qwen3_next, 1, 1", "kimi_linear, 1, 1", "retnet, 0, 1", "sambay, 1, 1",
        "lfm2, 1, 0", "llama, 1, 0"})
    void tracesOfReferenceCheckpoints(String name, int attention, int recurrent) {
        int[] ids = {5, 9, 17, 3, 3, 40, 8, 21, 11, 6, 2, 30, 31, 32, 7};
        try (Checkpoint checkpoint = Checkpoint.open(TestFiles.path("testdata/fixtures/" + name));
                LanguageModel model = LanguageModel.load(checkpoint, backend)) {
            Trace trace = Trace.of(model, ids);
            int attending = 0;
            int recurring = 0;
            for (Trace.Layer layer : trace.layers()) {
                switch (layer) {
                    case Trace.Layer.Attending(int _, String _, float[][] weights) -> {
                        attending++;
                        assertEquals(ids.length, weights.length);
                        for (int t = 0; t < ids.length; t++) {
                            assertEquals(trace.prologue() + t + 1, weights[t].length);
                            double sum = 0;
                            for (float weight : weights[t]) {
                                assertTrue(weight >= 0 && weight <= 1 + 1e-6, "weight " + weight);
                                sum += weight;
                            }
                            assertEquals(1, sum, 1e-5, layer.name() + " row " + t);
                        }
                    }
                    case Trace.Layer.Recurrent(int _, String _, float[] keep, Optional<float[]> write) -> {
                        recurring++;
                        assertEquals(ids.length, keep.length);
                        for (float share : keep) {
                            assertTrue(share >= 0 && share <= 1 + 1e-6, layer.name() + " keeps " + share);
                        }
                        write.ifPresent(values -> assertTrue(distinct(values) > 1, layer.name() + " writes alike everywhere"));
                    }
                    case Trace.Layer.Other _ -> { }
                }
            }
            assertTrue(attending >= attention && (attention > 0 || attending == 0), attending + " layers attend");
            assertTrue(recurring >= recurrent && (recurrent > 0 || recurring == 0), recurring + " layers recur");
            assertEquals(model.spec().blocks().size() > 0, !trace.layers().isEmpty());

            try (LanguageModel observed = new LanguageModel(model.model(), new ObservingBackend(backend));
                    SequenceState one = observed.open(); SequenceState other = model.open()) {
                float[][] seen = observed.lastLogits(List.of(one), List.of(ids));
                float[][] plain = model.lastLogits(List.of(other), List.of(ids));
                assertEquals(Arrays.hashCode(plain[0]), Arrays.hashCode(seen[0]));
            }
        }
    }

    private static long distinct(float[] values) {
        return IntStream.range(0, values.length).mapToObj(i -> values[i]).distinct().count();
    }
}
