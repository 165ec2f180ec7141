package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.checkpoint.zoo.Preset;
import dev.heddle.checkpoint.zoo.Zoo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ZooCommandTest {
    private static List<String> names(String... filters) throws IOException {
        String[] arguments = new String[filters.length + 2];
        arguments[0] = "zoo";
        arguments[1] = "--json";
        System.arraycopy(filters, 0, arguments, 2, filters.length);
        CommandLineRun run = CommandLineRun.of(arguments);
        assertEquals(0, run.code(), run.err());
        return new ObjectMapper().readTree(run.out()).get("presets").valueStream().map(preset -> preset.get("name").textValue()).toList();
    }

    @Test
    void listsEveryPreset() throws IOException {
        assertEquals(new HashSet<>(Zoo.presets().stream().map(Preset::name).toList()), new HashSet<>(names()));
        CommandLineRun table = CommandLineRun.of("zoo", "--width", "80");
        assertEquals(0, table.code(), table.err());
        Zoo.presets().forEach(preset -> assertTrue(table.out().contains(" " + preset.name() + " "), preset.name()));
    }

    @Test
    void everyPublishedConfigurationIsAPreset() throws IOException {
        Set<String> titles = new HashSet<>(Zoo.presets().stream().map(preset -> preset.file().replace(".json", "")).toList());
        try (Stream<Path> configs = Files.list(Path.of(System.getProperty("heddle.repository"), "testdata/configs"))) {
            assertEquals(List.of(), configs.map(file -> file.getFileName().toString()).filter(file -> file.endsWith(".json")
                    && !file.startsWith("EXPECTED")).map(file -> file.replace(".json", "")).filter(name -> !titles.contains(name)).toList());
        }
    }

    @Test
    void namesAreLowerCaseAndUnique() {
        List<String> names = Zoo.presets().stream().map(Preset::name).toList();
        assertEquals(names.size(), new HashSet<>(names).size());
        names.forEach(name -> assertEquals(name.toLowerCase(Locale.ROOT), name));
    }

    @Test
    void filtersNarrowTogether() throws IOException {
        assertEquals(List.of("jamba-1.5-large", "jamba-1.5-mini", "jamba-tiny-random", "jamba-v0.1", "jamba2-mini"), names("--family", "jamba"));
        assertEquals(List.of("jamba-tiny-random"), names("--family", "jamba", "--max-params", "1b"));
        assertEquals(List.of("jamba-v0.1", "jamba2-mini"), names("--org", "ai21", "--license", "apache"));
        assertEquals(List.of("mambavision-l3-256-21k", "mambavision-l3-512-21k"), names("--class", "vision", "--min-params", "500m"));
        assertTrue(names("--class", "MoE").contains("jamba-v0.1"));
        assertEquals(List.of("hawk-7b"), names("hawk"));
    }

    @Test
    void jsonHasItsFields() throws IOException {
        JsonNode jamba = new ObjectMapper().readTree(CommandLineRun.of("zoo", "--json", "jamba-v0.1").out()).at("/presets/0");
        assertEquals("AI21 Labs", jamba.get("organisation").textValue());
        assertEquals(2024, jamba.get("year").intValue());
        assertEquals("Apache-2.0", jamba.get("licence").textValue());
        assertEquals("ai21labs/Jamba-v0.1", jamba.get("hub").textValue());
        assertEquals("1:7", jamba.at("/ratio/attention_to_recurrent").textValue());
        assertEquals(51_570_323_328L, jamba.at("/parameters/total").longValue());
        assertEquals(262144, jamba.get("context").intValue());
        assertEquals(16384, jamba.get("kv_bytes_per_token").intValue());
    }

    @Test
    void nothingFoundAndMistakes() {
        CommandLineRun none = CommandLineRun.of("zoo", "--org", "nobody");
        assertEquals(0, none.code());
        assertEquals("", none.out());
        assertEquals("heddle: no published model fits; 'heddle zoo' alone lists all", none.errors().getFirst());
        CommandLineRun size = CommandLineRun.of("zoo", "--max-params", "big");
        assertEquals(2, size.code());
        assertEquals("heddle: --max-params must be a number of parameters such as 8b or 500m, not big", size.errors().getFirst());
        assertFalse(size.err().contains("\tat "));
    }
}
