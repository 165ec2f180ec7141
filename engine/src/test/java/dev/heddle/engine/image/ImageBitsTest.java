package dev.heddle.engine.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.family.ImageCheckpoint;
import dev.heddle.checkpoint.family.ImageFamilies;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.ImageBatch;
import dev.heddle.core.model.ImageModel;
import dev.heddle.core.pass.Executor;
import dev.heddle.core.spec.ImageModelSpec;
import dev.heddle.core.tensor.DType;
import dev.heddle.engine.measure.RandomParameters;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Image models large enough for tiles and threads: the same bits alone and in a batch, on one thread and on two, at the
/// first call and later; the plain kernels agree.
class ImageBitsTest {
    private static final int IMAGES = 3;

    private static ImageModelSpec spec(String json) {
        Config config = Config.parse(json, "test");
        return ImageCheckpoint.spec(config, ImageFamilies.of(config).orElseThrow(), "test");
    }

    private static ImageModel model(ImageModelSpec spec, CpuBackend backend) {
        ImageModel model = new ImageModel(spec, new RandomParameters(backend, DType.F32, 5));
        // random statistics of a batch norm may be negative, which no variance is
        model.buffers().forEach((name, buffer) -> {
            for (long i = 0; i < buffer.elements(); i++) {
                buffer.set(i, name.endsWith("running_var") ? 0.5f + Math.abs(buffer.get(i)) : buffer.get(i));
            }
        });
        return model;
    }

    /// Each image alone, all together, and all together again.
    private static float[][] logits(ImageModelSpec spec, ImageBatch batch, CpuBackend backend) {
        ImageModel model = model(spec, backend);
        float[][] rows = new float[IMAGES + 2][];
        try (Executor executor = new Executor(backend)) {
            float[] together = model.logits(executor, batch);
            rows[IMAGES] = together;
            for (int b = 0; b < IMAGES; b++) {
                rows[b] = model.logits(executor, batch.image(b));
            }
            rows[IMAGES + 1] = model.logits(executor, batch);
        }
        return rows;
    }

    @ParameterizedTest
    @ValueSource(strings = {
        """
        {"model_type": "vim", "img_size": 96, "patch_size": 16, "stride": 8, "embed_dim": 96, "depth": 2, "d_state": 16,
         "num_classes": 100, "if_cls_token": true, "use_middle_cls_token": true, "if_divide_out": true}""",
        """
        {"model_type": "vim", "img_size": 64, "patch_size": 16, "embed_dim": 64, "depth": 1, "num_classes": 10, "rms_norm": false,
         "final_pool_type": "mean"}""",
        """
        {"model_type": "mambavision", "resolution": 160, "dim": 32, "in_dim": 16, "depths": [1, 1, 3, 2], "num_heads": [2, 4, 8, 16],
         "window_size": [8, 8, 7, 5], "mlp_ratio": 4, "layer_scale": 1e-5, "layer_scale_conv": 0.1, "num_classes": 100}"""})
    void bitsDependOnNothingButTheImage(String json) {
        ImageModelSpec spec = spec(json);
        SplittableRandom random = new SplittableRandom(7);
        float[] pixels = new float[IMAGES * 3 * spec.size() * spec.size()];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) random.nextGaussian();
        }
        ImageBatch batch = new ImageBatch(pixels, IMAGES, 3, spec.size(), spec.size());
        try (CpuBackend one = CpuBackend.of(CpuBackend.Choice.VECTOR, 1); CpuBackend two = CpuBackend.of(CpuBackend.Choice.VECTOR, 2);
                CpuBackend plain = CpuBackend.of(CpuBackend.Choice.PLAIN, 1)) {
            float[][] single = logits(spec, batch, one);
            float[][] both = logits(spec, batch, two);
            // a thread that gets no processor in time is not waited for, so that a busy machine may need another round
            for (int round = 0; round < 50 && two.workers().pieces(1) == 0; round++) {
                both = logits(spec, batch, two);
            }
            assertTrue(two.workers().pieces(1) > 0, "the second thread worked");
            for (int b = 0; b < IMAGES; b++) {
                assertArrayEquals(single[b], both[b], "threads, image " + b);
                float[] part = Arrays.copyOfRange(single[IMAGES], b * spec.classes(), (b + 1) * spec.classes());
                assertArrayEquals(single[b], part, "batch, image " + b);
            }
            assertArrayEquals(single[IMAGES], both[IMAGES], "threads");
            assertArrayEquals(single[IMAGES], both[IMAGES + 1], "later");
            float[] reference;
            try (Executor executor = new Executor(plain)) {
                reference = model(spec, plain).logits(executor, batch.image(0));
            }
            double square = 0;
            for (float x : reference) {
                square += (double) x * x;
            }
            double size = Math.sqrt(square / reference.length);
            assertTrue(size > 1e-3 && Double.isFinite(size), "logits of size " + size);
            for (int i = 0; i < reference.length; i++) {
                assertEquals(reference[i], single[0][i], 1e-4 * size, "plain kernels, logit " + i);
            }
        }
    }
}
