package dev.heddle.checkpoint.family;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.Repository;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Model;
import dev.heddle.core.pass.Executor;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.pass.Workspace;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.Snapshot;
import dev.heddle.core.state.StatePool;
import dev.heddle.core.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every reference checkpoint, by every way through the model, against logits that other people's implementations
/// computed.
public class FixtureTest {
    /// Everything but the image models.
    public static Stream<Path> fixtures() throws IOException {
        try (Stream<Path> folders = Files.list(Repository.fixtures())) {
            return folders.filter(folder -> Files.exists(folder.resolve("golden.safetensors")))
                    .filter(folder -> !List.of("vim", "mambavision").contains(folder.getFileName().toString()))
                    .filter(folder -> Families.all().stream()
                            .anyMatch(family -> family.accepts(Config.read(folder.resolve("config.json")))))
                    .sorted().toList().stream();
        }
    }

    /// A model on a processor whose scratch memory is filled with NaN.
    private static final class Machine implements AutoCloseable {
        final Checkpoint checkpoint;
        final Model model;
        final Backend backend;
        final Executor executor;
        final StatePool pool;

        Machine(Path fixture, CpuBackend.Choice choice, int threads) {
            checkpoint = Checkpoint.open(fixture);
            model = checkpoint.model();
            backend = CpuBackend.of(choice, threads);
            executor = new Executor(backend, new Workspace(backend, true));
            pool = new StatePool(backend, model.states(), DType.F32);
        }

        /// Feeds `tokens` and returns the logits of all rows, sequence after sequence.
        float[] feed(List<SequenceState> sequences, List<int[]> tokens) {
            Pass pass = Pass.of(executor, sequences, tokens, Optional.empty());
            int[] rows = new int[pass.tokens()];
            Arrays.setAll(rows, i -> i);
            float[] logits = backend.read(model.logits(pass, rows));
            Model.advance(sequences, tokens);
            return logits;
        }

        float[] feed(SequenceState sequence, int... tokens) {
            return feed(List.of(sequence), List.of(tokens));
        }

        @Override
        public void close() {
            executor.close();
            pool.close();
            backend.close();
            checkpoint.close();
        }
    }

    private static void assertClose(float[] expected, float[] actual, double tolerance, String what) {
        assertEquals(expected.length, actual.length, what);
        double worst = 0;
        int at = 0;
        for (int i = 0; i < expected.length; i++) {
            double difference = Math.abs(expected[i] - actual[i]);
            if (!(difference <= worst)) {
                worst = difference;
                at = i;
            }
        }
        double found = worst;
        int index = at;
        assertTrue(worst <= tolerance, () -> what + ": logit " + index + " is " + actual[index] + ", expected "
                + expected[index] + "; worst difference " + found + ", tolerance " + tolerance);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("fixtures")
    void fullForwardEqualsTheReference(Path fixture) {
        Golden golden = Golden.read(fixture);
        for (CpuBackend.Choice choice : List.of(CpuBackend.Choice.PLAIN, CpuBackend.Choice.VECTOR)) {
            try (Machine machine = new Machine(fixture, choice, 2)) {
                for (int b = 0; b < golden.ids().length; b++) {
                    try (SequenceState sequence = machine.pool.open()) {
                        assertClose(golden.logits()[b], machine.feed(sequence, golden.ids()[b]), golden.tolerance(),
                                choice + " kernels, sequence " + b);
                    }
                }
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("fixtures")
    void prefillAndDecodeEqualTheReference(Path fixture) {
        Golden golden = Golden.read(fixture);
        int[] ids = golden.ids()[0];
        int v = golden.vocabulary();
        try (Machine machine = new Machine(fixture, CpuBackend.Choice.VECTOR, 2)) {
            for (int split : new int[] {0, 1, 3, ids.length / 2, ids.length - 1}) {
                try (SequenceState sequence = machine.pool.open()) {
                    float[] actual = new float[ids.length * v];
                    if (split > 0) {
                        float[] prefill = machine.feed(sequence, Arrays.copyOf(ids, split));
                        System.arraycopy(prefill, 0, actual, 0, prefill.length);
                    }
                    for (int t = split; t < ids.length; t++) {
                        System.arraycopy(machine.feed(sequence, ids[t]), 0, actual, t * v, v);
                    }
                    assertClose(golden.logits()[0], actual, golden.tolerance(), "split at " + split);
                }
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("fixtures")
    void raggedBatchEqualsTheReferenceAndEachSequenceAloneToTheBit(Path fixture) {
        Golden golden = Golden.read(fixture);
        int v = golden.vocabulary();
        List<int[]> tokens = new ArrayList<>(List.of(golden.ids()));
        tokens.set(1, Arrays.copyOf(golden.ids()[1], golden.ids()[1].length - 5));
        try (Machine machine = new Machine(fixture, CpuBackend.Choice.VECTOR, 2);
                Machine single = new Machine(fixture, CpuBackend.Choice.VECTOR, 1)) {
            List<SequenceState> sequences = new ArrayList<>();
            tokens.forEach(_ -> sequences.add(machine.pool.open()));
            float[] together = machine.feed(sequences, tokens);
            int from = 0;
            for (int b = 0; b < tokens.size(); b++) {
                float[] mine = Arrays.copyOfRange(together, from, from + tokens.get(b).length * v);
                from += mine.length;
                assertClose(Arrays.copyOf(golden.logits()[b], mine.length), mine, golden.tolerance(), "ragged, sequence " + b);
                try (SequenceState alone = single.pool.open()) {
                    assertArrayEquals(single.feed(alone, tokens.get(b)), mine, "bits of sequence " + b + " alone and in a batch");
                }
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("fixtures")
    void greedyContinuationIsTheReferences(Path fixture) {
        Golden golden = Golden.read(fixture);
        int v = golden.vocabulary();
        try (Machine machine = new Machine(fixture, CpuBackend.Choice.VECTOR, 2); SequenceState sequence = machine.pool.open()) {
            int[] prompt = Arrays.copyOf(golden.ids()[0], 16);
            float[] logits = machine.feed(sequence, prompt);
            logits = Arrays.copyOfRange(logits, 15 * v, 16 * v);
            int[] continuation = new int[golden.greedyIds().length];
            for (int step = 0; step < continuation.length; step++) {
                assertClose(Arrays.copyOfRange(golden.greedyLogits(), step * v, (step + 1) * v), logits, golden.tolerance(),
                        "greedy step " + step);
                int best = 0;
                for (int i = 1; i < v; i++) {
                    best = logits[i] > logits[best] ? i : best;
                }
                continuation[step] = best;
                logits = machine.feed(sequence, best);
            }
            assertArrayEquals(golden.greedyIds(), continuation);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("fixtures")
    void forkedAndRestoredStatesContinueLikeTheOriginal(Path fixture) {
        Golden golden = Golden.read(fixture);
        int[] ids = golden.ids()[0];
        try (Machine machine = new Machine(fixture, CpuBackend.Choice.VECTOR, 2); SequenceState first = machine.pool.open()) {
            machine.feed(first, Arrays.copyOf(ids, 10));
            try (SequenceState second = first.fork()) {
                float[] original = machine.feed(first, Arrays.copyOfRange(ids, 10, ids.length));
                assertArrayEquals(original, machine.feed(second, Arrays.copyOfRange(ids, 10, ids.length)));
                assertEquals(first.bytes(), second.bytes());
            }
            first.reset();
            machine.feed(first, Arrays.copyOf(ids, 10));
            Snapshot snapshot = machine.pool.snapshot(first);
            try (SequenceState third = machine.pool.restore(snapshot)) {
                float[] original = machine.feed(first, Arrays.copyOfRange(ids, 10, ids.length));
                assertArrayEquals(original, machine.feed(third, Arrays.copyOfRange(ids, 10, ids.length)));
            }
        }
    }
}
