package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.layer.ParameterSource;
import dev.heddle.core.model.Model;
import dev.heddle.core.pass.Executor;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.MlpSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.StatePool;
import dev.heddle.core.tensor.DType;
import dev.heddle.engine.measure.RandomParameters;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// A row has the same bits whatever else its experts work on: alone, where each expert reads one row, and among so many
/// rows that products run in tiles, with one thread or two.
class ExpertBitsTest {
    private static final int VOCABULARY = 300;

    /// Every kind of router beside every part a mixture may have.
    private static ModelSpec spec() {
        GatedMlpSpec gated = GatedMlpSpec.of(96, Activation.SILU);
        MlpSpec plain = new MlpSpec(160, Activation.RELU_SQUARED, false);
        List<MixtureOfExpertsSpec> mixtures = List.of(
                MixtureOfExpertsSpec.of(6, 2, gated, Router.softmaxOfChosen()).withGatedShared(gated),
                MixtureOfExpertsSpec.of(8, 3, plain, Router.sigmoid().withChoiceBias(true).withGroups(4, 2)
                        .withNormalised(true, 1e-20).withScale(2.5)).withShared(plain).withLatent(48, false),
                MixtureOfExpertsSpec.of(4, 1, gated, Router.sigmoid().withBias(true)),
                MixtureOfExpertsSpec.of(5, 2, gated, Router.softmax()));
        NormSpec norm = NormSpec.rms(1e-5);
        List<LayerSpec> blocks = mixtures.stream().map(mixture -> (LayerSpec) ResidualSpec.of(norm, mixture)).toList();
        return new ModelSpec("experts", "heddle", VOCABULARY, 128, 0, ModelSpec.EmbeddingSpec.PLAIN, blocks, Map.of(), norm,
                ModelSpec.HeadSpec.of(false));
    }

    private static float[] logits(int threads, int[] ids) {
        try (Backend backend = CpuBackend.of(CpuBackend.Choice.VECTOR, threads); Executor executor = new Executor(backend)) {
            ParameterSource parameters = new RandomParameters(backend, DType.BF16, 3);
            Model model = new Model(spec(), parameters);
            try (StatePool pool = new StatePool(backend, model.states(), DType.F32); SequenceState sequence = pool.open()) {
                Pass pass = Pass.of(executor, List.of(sequence), List.of(ids), Optional.empty());
                int[] rows = new int[ids.length];
                Arrays.setAll(rows, i -> i);
                return backend.read(model.logits(pass, rows));
            }
        }
    }

    @Test
    void aRowHasTheSameBitsAloneAndAmongMany() {
        int[] ids = new SplittableRandom(5).ints(150, 0, VOCABULARY).toArray();
        float[] together = logits(2, ids);
        assertArrayEquals(together, logits(1, ids));
        for (int t : new int[] {0, 17, 149}) {
            assertArrayEquals(Arrays.copyOfRange(together, t * VOCABULARY, (t + 1) * VOCABULARY),
                    logits(1 + t % 2, new int[] {ids[t]}), "row " + t);
        }
        int[] few = Arrays.copyOfRange(ids, 60, 65);
        assertArrayEquals(Arrays.copyOfRange(together, 60 * VOCABULARY, 65 * VOCABULARY), logits(2, few));
    }
}
