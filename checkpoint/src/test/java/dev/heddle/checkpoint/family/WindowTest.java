package dev.heddle.checkpoint.family;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.Repository;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Model;
import dev.heddle.core.pass.Executor;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.StatePool;
import dev.heddle.core.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Sequences much longer than the window of a model and than a page of keys: what windows give back while decoding is
/// never read again, meta tokens stay, and layers that read another's keys still find them.
class WindowTest {
    private static final int LENGTH = 200;
    /// Positions in a page of keys and values.
    private static final int PAGE = 64;

    private static float[] feed(Executor executor, Model model, SequenceState sequence, int[] tokens) {
        Pass pass = Pass.of(executor, List.of(sequence), List.of(tokens), Optional.empty());
        float[] logits = executor.backend().read(model.logits(pass, new int[] {tokens.length - 1}));
        Model.advance(List.of(sequence), List.of(tokens));
        return logits;
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"mistral", "samba", "sambay", "hymba"})
    void decodingFarBeyondTheWindowEqualsOnePrefill(String fixture) {
        int[] ids = new Random(1).ints(LENGTH, 3, 128).toArray();
        try (Checkpoint checkpoint = Checkpoint.open(Repository.fixtures().resolve(fixture));
                Backend backend = CpuBackend.of(CpuBackend.Choice.VECTOR, 2); Executor executor = new Executor(backend)) {
            Model model = checkpoint.model();
            double tolerance = Golden.read(Repository.fixtures().resolve(fixture)).tolerance();
            try (StatePool pool = new StatePool(backend, model.states(), DType.F32); SequenceState stepped = pool.open()) {
                feed(executor, model, stepped, Arrays.copyOf(ids, 30));
                for (int t = 30; t < LENGTH; t++) {
                    float[] step = feed(executor, model, stepped, new int[] {ids[t]});
                    if (t % 90 == 0 || t == LENGTH - 1) {
                        try (SequenceState whole = pool.open()) {
                            float[] expected = feed(executor, model, whole, Arrays.copyOf(ids, t + 1));
                            for (int i = 0; i < expected.length; i++) {
                                assertEquals(expected[i], step[i], tolerance, "logit " + i + " after " + t + " tokens");
                            }
                        }
                    }
                }
                long pages = Math.ceilDiv(stepped.rows(), PAGE);
                long everything = pool.recurrentBytes() + model.states().keyValues().stream()
                        .mapToLong(kv -> 4L * (kv.keyWidth() + kv.valueWidth()) * pages * PAGE).sum();
                assertTrue(stepped.bytes() < everything, stepped.bytes() + " bytes, without windows " + everything);
            }
        }
    }
}
