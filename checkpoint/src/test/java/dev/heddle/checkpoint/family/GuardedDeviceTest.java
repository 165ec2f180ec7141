package dev.heddle.checkpoint.family;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
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
import dev.heddle.core.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Model code must run on devices whose memory the host cannot read: attention, recurrences and the choice of
/// experts included.
class GuardedDeviceTest {
    private static float[] prefillAndStep(Path fixture, Backend backend) {
        int[] ids = Golden.read(fixture).ids()[0];
        try (Checkpoint checkpoint = Checkpoint.open(fixture); Executor executor = new Executor(backend)) {
            Model model = checkpoint.model(source -> (name, kind, shape) -> backend.place(source.parameter(name, kind, shape)));
            try (StatePool pool = new StatePool(backend, model.states(), DType.F32); SequenceState sequence = pool.open()) {
                for (int[] tokens : List.of(Arrays.copyOf(ids, 11), new int[] {ids[11]})) {
                    Pass pass = Pass.of(executor, List.of(sequence), List.of(tokens), Optional.empty());
                    Tensor logits = model.logits(pass, new int[] {tokens.length - 1});
                    Model.advance(List.of(sequence), List.of(tokens));
                    if (tokens.length == 1) {
                        return backend.read(logits);
                    }
                }
            }
        }
        throw new IllegalStateException();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("dev.heddle.checkpoint.family.FixtureTest#fixtures")
    void wholeStepsRunWithoutReadingTensorsOnTheHost(Path fixture) {
        float[] expected;
        try (Backend cpu = CpuBackend.of(CpuBackend.Choice.VECTOR, 2)) {
            expected = prefillAndStep(fixture, cpu);
        }
        try (GuardedBackend guarded = new GuardedBackend(CpuBackend.of(CpuBackend.Choice.VECTOR, 2))) {
            assertArrayEquals(expected, prefillAndStep(fixture, guarded));
            assertTrue(guarded.calls() > 20, "kernels ran on the guarded device");
        }
    }

    @Test
    void readingOnTheHostIsNoticed() {
        try (GuardedBackend guarded = new GuardedBackend(CpuBackend.of(CpuBackend.Choice.PLAIN, 1))) {
            Tensor tensor = Tensor.of(guarded.allocate(64), 0, DType.F32, 16);
            assertThrows(IllegalStateException.class, () -> tensor.get(0));
        }
    }
}
