package dev.heddle.train.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.zoo.ModelSpecs;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.spec.ModelSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// What `heddle bench --train` counts, beside the formulas of the model it measures.
class TrainingThroughputTest {
    private static final int LENGTH = 6;
    private static final int BATCH = 2;
    private static final int TOKENS = LENGTH * BATCH;

    @Test
    void countsWhatTheEquationsAskFor() {
        ModelSpec spec = ModelSpecs.language(ModelSpecs.of(Path.of(System.getProperty("heddle.repository"),
                "examples/train-10m-hybrid.yaml")));
        try (CpuBackend backend = CpuBackend.best();
                TrainingThroughput throughput = new TrainingThroughput(spec, backend, LENGTH, BATCH)) {
            double[] seconds = throughput.steps(2);
            assertEquals(2, seconds.length);
            assertTrue(seconds[0] > 0 && seconds[1] > 0);
            List<KernelTime> profile = throughput.profile(1);
            Map<String, KernelTime> kernels = profile.stream().collect(Collectors.toMap(KernelTime::name, Function.identity()));
            double products = profile.stream().filter(kernel -> kernel.name().startsWith("MatrixProduct.")).mapToDouble(KernelTime::flops).sum();
            // width 256; Mamba-2 of 8 heads of 64 and 64 states; attention of 4 heads and 2 key heads of 64; MLP of 1024
            double mamba = 256 * (2 * 512 + 2 * 64 + 8) + 512 * 256;
            double attention = 256 * (256 + 2 * 128) + 256 * 256;
            double mlp = 3 * 256 * 1024;
            double weights = 7 * mamba + attention + 8 * mlp + 4096 * 256;
            assertEquals(6 * weights * TOKENS, products, 1);
            double state = 5.0 * 8 * 64 * 64 * TOKENS;
            assertEquals(7 * state, kernels.get("StateSpaceDual.forward").flops(), 1);
            assertEquals(7 * 2 * state, kernels.get("StateSpaceDual.backward").flops(), 1);
            double convolution = 2.0 * 4 * (512 + 2 * 64) * TOKENS;
            assertEquals(7 * convolution, kernels.get("CausalConvolution.forward").flops(), 1);
            assertEquals(7 * 2 * convolution, kernels.get("CausalConvolution.backward").flops(), 1);
            double pairs = BATCH * LENGTH * (LENGTH + 1) / 2;
            assertEquals(2.0 * 4 * (64 + 64) * pairs, kernels.get("Attention.forward").flops(), 1);
            assertEquals(2 * 2.0 * 4 * (64 + 64) * pairs, kernels.get("Attention.backward").flops(), 1);
            assertEquals(0, kernels.get("AdamW.update").flops());
            assertEquals(profile, profile.stream().sorted((a, b) -> Double.compare(b.seconds(), a.seconds())).toList());
        }
    }
}
