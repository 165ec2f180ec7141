package dev.heddle.checkpoint.family;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.checkpoint.Repository;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.zoo.Preset;
import dev.heddle.checkpoint.zoo.Zoo;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Model;
import dev.heddle.core.model.ShapeOnly;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.Arguments;

/// The README's table of architectures says what this test finds: for each family whether its reference checkpoints
/// load, whether their logits are the reference's, whether prefill and decode agree with them, and which published
/// configurations have the published number of parameters. `-Dheddle.update=true` writes the table.
class ArchitectureTableTest {
    private static final String BEGIN = "<!-- architectures: written by ArchitectureTableTest -->\n";
    private static final String END = "<!-- end of architectures -->\n";

    private static final String NONE_PUBLISHED = "no total published";

    private record Row(boolean loads, boolean exact, boolean decodes, int fixtures) {
        Row and(Row other) {
            return new Row(loads && other.loads, exact && other.exact, decodes && other.decodes, fixtures + other.fixtures);
        }
    }

    @Test
    void readmeSaysWhatHolds() throws IOException {
        String table = table();
        Path file = Repository.path("README.md");
        String readme = Files.readString(file);
        int from = readme.indexOf(BEGIN);
        int to = readme.indexOf(END);
        assertTrue(from >= 0 && to > from, "README.md has the marks around the table");
        String updated = readme.substring(0, from + BEGIN.length()) + table + readme.substring(to);
        if (Boolean.getBoolean("heddle.update")) {
            Files.writeString(file, updated);
        } else {
            assertEquals(updated, readme, "the table in README.md; './heddle test -Dheddle.update=true' writes it");
        }
    }

    private static String table() throws IOException {
        Map<String, Row> rows = new TreeMap<>();
        try (Stream<Path> fixtures = FixtureTest.fixtures()) {
            fixtures.forEach(fixture -> rows.merge(Families.of(Config.read(fixture.resolve("config.json"))).name(), row(fixture),
                    Row::and));
        }
        Map<String, List<String>> published = published();
        StringBuilder table = new StringBuilder("""
                | family | loads | exact logits | decodes | published configurations whose parameters were counted (≈ to the published rounding) |
                |---|:-:|:-:|:-:|---|
                """);
        for (Family family : Families.all().stream().filter(family -> !(family instanceof HeddleNative)).sorted((a, b) -> a.name().compareTo(b.name())).toList()) {
            Row row = rows.getOrDefault(family.name(), new Row(false, false, false, 0));
            List<String> names = published.getOrDefault(family.name(), List.of(NONE_PUBLISHED));
            table.append("| `").append(family.name()).append("` | ").append(mark(row.loads)).append(" | ").append(mark(row.exact))
                    .append(" | ").append(mark(row.decodes)).append(" | ").append(String.join(", ", names)).append(" |\n");
        }
        appendImageFamilies(table);
        return table.toString();
    }

    /// Image classifiers have nothing to decode.
    private static void appendImageFamilies(StringBuilder table) {
        ImageFixtureTest test = new ImageFixtureTest();
        Map<String, List<String>> published = new TreeMap<>();
        ImageFixtureTest.publishedSizes().map(Arguments::get).forEach(size -> {
            String preset = (String) size[0];
            if (holds(Path.of(preset), _ -> test.publishedSizesFollowFromTheConfigurations(preset, (String) size[1]))) {
                published.computeIfAbsent(ImageFamilies.of(Zoo.config(Zoo.get(preset))).orElseThrow().name(), _ -> new ArrayList<>())
                        .add(preset);
            }
        });
        for (ImageFamily family : ImageFamilies.all()) {
            boolean loads = holds(Repository.fixtures().resolve(family.name()), path -> {
                try (ImageCheckpoint checkpoint = ImageCheckpoint.open(path)) {
                    checkpoint.model();
                }
            });
            boolean exact = holds(Path.of(family.name()),
                    _ -> test.logitsEqualTheReferencesAndEachImageAloneToTheBit(family.name(), CpuBackend.Choice.VECTOR, 2));
            table.append("| `").append(family.name()).append("` (images) | ").append(mark(loads)).append(" | ").append(mark(exact))
                    .append(" | | ").append(String.join(", ", published.getOrDefault(family.name(), List.of()))).append(" |\n");
        }
    }

    private static String mark(boolean holds) {
        return holds ? "✓" : "–";
    }

    private static Row row(Path fixture) {
        FixtureTest test = new FixtureTest();
        return new Row(holds(fixture, path -> {
            try (Checkpoint checkpoint = Checkpoint.open(path)) {
                checkpoint.model();
            }
        }), holds(fixture, test::fullForwardEqualsTheReference), holds(fixture, path -> {
            test.prefillAndDecodeEqualTheReference(path);
            test.greedyContinuationIsTheReferences(path);
        }), 1);
    }

    private static boolean holds(Path fixture, Consumer<Path> check) {
        try {
            check.accept(fixture);
            return true;
        } catch (AssertionError | RuntimeException e) {
            return false;
        }
    }

    /// By family, the presets whose totals are the published ones: exactly, or (behind ≈) as far as the published size says.
    private static Map<String, List<String>> published() throws IOException {
        JsonNode expected = new ObjectMapper().readTree(Repository.path("testdata/configs/EXPECTED_PARAMETERS.json").toFile());
        Map<String, List<String>> names = new TreeMap<>();
        for (Preset preset : Zoo.presets()) {
            Config config = Zoo.config(preset);
            long exact = expected.path(preset.file().replace(".json", "")).asLong(-1);
            Families.all().stream().filter(family -> family.accepts(config)).findFirst().ifPresent(family -> {
                long total = new Model(Checkpoint.spec(config, family, preset.name()), new ShapeOnly(DType.BF16)).parameters()
                        .values().stream().mapToLong(Tensor::elements).sum();
                if (total == exact) {
                    names.computeIfAbsent(family.name(), _ -> new ArrayList<>()).add(preset.name());
                } else if (exact < 0 && preset.size().isPresent() && preset.size().get().agrees(total)) {
                    names.computeIfAbsent(family.name(), _ -> new ArrayList<>()).add("≈ " + preset.name());
                }
            });
        }
        return names;
    }
}
