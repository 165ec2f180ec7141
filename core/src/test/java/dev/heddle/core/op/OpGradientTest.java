package dev.heddle.core.op;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.core.backend.CpuBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
    private static final Set<String> NO_OPS = Set.of("Shapes", "SavedState", "PassingState", "RecurrentState", "package-info");

    /// Ops that only the settings of a training bring about, with the tests that compare their gradients with differences:
    /// the mask of a dropout is no equation in its input, and a load-balancing loss has a gradient but no output.
    private static final Map<String, String> ELSEWHERE = Map.of("Dropout", "vector/VectorDropoutTest.java", "LoadBalance",
            "vector/VectorLoadBalanceTest.java");

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
            TreeSet<String> checked = checks().map(OpCheck::op).collect(Collectors.toCollection(TreeSet::new));
            for (Map.Entry<String, String> other : ELSEWHERE.entrySet()) {
                Path test = Path.of(System.getProperty("heddle.repository"), "core/src/test/java/dev/heddle/core/kernel", other.getValue());
                assertTrue(Files.readString(test).contains("ifference"), test + " compares gradients with differences");
                checked.add(other.getKey());
            }
            assertEquals(ops, checked);
        }
    }
}
