package dev.heddle.checkpoint.config;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.Repository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class ConfigTest {
    private final Config config = Config.parse("""
            {"hidden_size": 64, "heads": 8.0, "eps": 1e-5, "tie": true, "act": "silu", "none": null, "half": 0.5,
             "a": Infinity, "b": "-Infinity", "c": {"__float__": "NaN"}, "limit": [0.0, {"__float__": "Infinity"}, "Infinity"],
             "layers": [1, 2, 3], "words": ["x", "y"], "mixed": [1, "x"], "big": 5000000000, "huge": 1e400,
             "huger": 123456789012345678901234567890,
             "rope": {"theta": 10000.0, "deep": {"x": "y"}}, "blocks": [{"n": 1}, {"n": 2}]}""", "config.json");

    @Test
    void readsEachType() {
        assertEquals(64, config.integer("hidden_size"));
        assertEquals(8, config.integer("heads"));
        assertEquals(1e-5, config.number("eps"));
        assertEquals(64.0, config.number("hidden_size"));
        assertTrue(config.flag("tie"));
        assertEquals("silu", config.string("act"));
        assertEquals(5_000_000_000L, config.bigInteger("big"));
        assertArrayEquals(new int[] {1, 2, 3}, config.integers("layers"));
        assertArrayEquals(new double[] {0, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY}, config.numbers("limit"));
        assertEquals(List.of("x", "y"), config.strings("words"));
        assertEquals(10000.0, config.section("rope").number("theta"));
        assertEquals(List.of(1, 2), config.sections("blocks").stream().map(s -> s.integer("n")).toList());
        assertArrayEquals(new int[] {64, 64}, config.integerOrEach("hidden_size", 2));
        assertArrayEquals(new int[] {1, 2, 3}, config.integerOrEach("layers", 3));
    }

    @Test
    void readsInfinityInAllThreeForms() {
        assertEquals(Double.POSITIVE_INFINITY, config.number("a"));
        assertEquals(Double.NEGATIVE_INFINITY, config.number("b"));
        assertTrue(Double.isNaN(config.number("c")));
    }

    @Test
    void nullCountsAsAbsentWhereThereIsAFallback() {
        assertFalse(config.has("none"));
        assertEquals(7, config.integer("none", 7));
        assertEquals(7, config.integer("nowhere", 7));
        assertEquals("d", config.string("none", "d"));
        assertEquals(true, config.flag("none", true));
        assertEquals(0.5, config.number("none", 0.5));
        assertArrayEquals(new int[] {4}, config.integers("none", 4));
        assertEquals(List.of(), config.strings("none", List.of()));
        assertEquals(3, config.sectionOrEmpty("none").integer("x", 3));
        assertTrue(config.names().contains("none"));
    }

    @Test
    void takesTheFirstAliasThatIsThere() {
        assertEquals(64, config.integerAny("d_model", "none", "hidden_size", "layers"));
        assertEquals(9, config.integerAnyOr(9, "d_model", "none"));
        assertEquals("silu", config.stringAny("hidden_act", "act"));
        fails("config.json: none of the fields d_model, none is there", () -> config.integerAny("d_model", "none"));
    }

    @Test
    void choosesAmongKnownStrings() {
        assertEquals(1, config.choice("act", Map.of("silu", 1, "gelu", 2)));
        assertEquals(5, config.choice("none", Map.of("silu", 1), 5));
        fails("config.json: act is \"silu\", expected one of [gelu, relu]",
                () -> config.choice("act", Map.of("relu", 1, "gelu", 2)));
    }

    @Test
    void errorsNameFileFieldFoundAndExpected() {
        fails("config.json: the field nowhere is missing", () -> config.integer("nowhere"));
        fails("config.json: the field none is null, expected a value", () -> config.integer("none"));
        fails("config.json: act is the string \"silu\", expected a whole number", () -> config.integer("act"));
        fails("config.json: act is the string \"silu\", expected a whole number", () -> config.integer("act", 3));
        fails("config.json: half is the number 0.5, expected a whole number", () -> config.integer("half"));
        fails("config.json: big is the number 5000000000, expected a whole number of 32 bits", () -> config.integer("big"));
        fails("huger is the number 123456789012345678901234567890, expected a whole", () -> config.bigInteger("huger"));
        fails("expected a whole number", () -> config.integer("huge"));
        fails("config.json: hidden_size is the number 64, expected true or false", () -> config.flag("hidden_size"));
        fails("config.json: mixed[1] is the string \"x\", expected a whole number", () -> config.integers("mixed"));
        fails("config.json: hidden_size is the number 64, expected a list of whole numbers", () -> config.integers("hidden_size"));
        fails("config.json: rope: deep: x is the string \"y\", expected a number",
                () -> config.section("rope").section("deep").number("x"));
        fails("config.json: layers has 3 values, expected 4", () -> config.integerOrEach("layers", 4));
        fails("config.json: act is the string \"silu\", expected a power", () -> {
            throw config.invalid("act", "a power");
        });
    }

    @Test
    void refusesWhatIsNoJsonObject(@TempDir Path folder) throws IOException {
        fails("x.json: not valid JSON at line 1", () -> Config.parse("{\"a\": }", "x.json"));
        fails("x.json: expected a JSON object, found a list of 1", () -> Config.parse("[1]", "x.json"));
        fails("x.json: empty", () -> Config.parse("", "x.json"));
        fails("x.json: not valid JSON", () -> Config.parse("{} {}", "x.json"));
        fails("x.json: not valid JSON", () -> Config.parse("[".repeat(100_000), "x.json"));
        fails("no such file", () -> Config.read(folder.resolve("config.json")));
        Files.write(folder.resolve("config.json"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});
        fails("config.json: not valid JSON", () -> Config.read(folder.resolve("config.json")));
    }

    @Test
    void readsEveryPublishedConfiguration() throws IOException {
        try (Stream<Path> files = Files.list(Repository.path("testdata/configs"))) {
            List<Path> all = files.filter(f -> f.toString().endsWith(".json")).toList();
            assertTrue(all.size() > 50);
            for (Path file : all) {
                assertFalse(Config.read(file).names().isEmpty(), file.toString());
            }
        }
        assertEquals(Double.POSITIVE_INFINITY,
                Config.read(Repository.path("testdata/configs/Codestral-Mamba-7B.json")).numbers("time_step_limit")[1]);
        assertEquals(Double.POSITIVE_INFINITY,
                Config.read(Repository.path("testdata/fixtures/mamba2/config.json")).numbers("time_step_limit")[1]);
    }

    private static void fails(String message, Executable action) {
        CheckpointException e = assertThrows(CheckpointException.class, action);
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }
}
