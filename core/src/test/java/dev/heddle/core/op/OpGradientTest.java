package dev.heddle.core.op;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.core.backend.CpuBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every op's gradients against differences of its equation in double precision, over sequences of several lengths.
class OpGradientTest {
    /// Classes of the package that have no equation of their own: shape checks, and the states that ops read.
    private static final Set<String> NO_OPS = Set.of("Shapes", "SavedState", "PassingState", "package-info");

    static Stream<OpCheck> checks() {
        return Stream.of(RowChecks.all(), NormChecks.all(), SequenceChecks.all(), RecurrenceChecks.all(), MatrixStateChecks.all(),
                ExpertChecks.all()).flatMap(List::stream);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("checks")
    void gradientsAreThoseOfTheEquation(OpCheck check) {
        for (CpuBackend.Choice choice : List.of(CpuBackend.Choice.PLAIN, CpuBackend.Choice.VECTOR)) {
            try (CpuBackend backend = CpuBackend.of(choice, 2)) {
                check.run(backend);
            }
        }
    }

    @Test
    void everyOpIsChecked() throws IOException {
        Path sources = Path.of(System.getProperty("heddle.repository"), "core/src/main/java/dev/heddle/core/op");
        try (Stream<Path> files = Files.list(sources)) {
            TreeSet<String> ops = files.map(file -> file.getFileName().toString().replace(".java", ""))
                    .filter(name -> !NO_OPS.contains(name)).collect(Collectors.toCollection(TreeSet::new));
            assertEquals(ops, checks().map(OpCheck::op).collect(Collectors.toCollection(TreeSet::new)));
        }
    }
}
