package dev.heddle.checkpoint.zoo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.checkpoint.Repository;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.family.Families;
import dev.heddle.core.model.analysis.Architecture;
import dev.heddle.core.model.analysis.ParameterCounts;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Published totals, to the last parameter, from configurations alone.
class ParameterCountTest {
    private static List<Arguments> published() throws IOException {
        List<Arguments> all = new ArrayList<>();
        new ObjectMapper().readTree(Repository.path("testdata/configs/EXPECTED_PARAMETERS.json").toFile()).properties()
                .forEach(entry -> all.add(Arguments.of(entry.getKey(), entry.getValue().longValue())));
        return all;
    }

    private static Config config(String name) {
        return Config.read(Repository.path("testdata/configs/" + name + ".json"));
    }

    private static boolean isKnown(String name) {
        return Families.all().stream().anyMatch(family -> family.accepts(config(name)));
    }

    static Stream<Arguments> known() throws IOException {
        return published().stream().filter(arguments -> isKnown((String) arguments.get()[0]));
    }

    @Test
    void everyPublishedConfigurationIsOfAKnownFamily() throws IOException {
        assertEquals(List.of(), published().stream().map(arguments -> (String) arguments.get()[0]).filter(name -> !isKnown(name)).toList());
    }

    static Stream<Preset> sized() {
        return Zoo.presets().stream().filter(preset -> preset.size().isPresent());
    }

    @ParameterizedTest
    @MethodSource("sized")
    void presetsHaveThePublishedSize(Preset preset) {
        long total = Architecture.of(ModelSpecs.of(preset)).parameters().total();
        assertTrue(preset.size().orElseThrow().agrees(total), preset.name() + " has " + total + " parameters, published are "
                + preset.size().orElseThrow());
    }

    @ParameterizedTest
    @MethodSource("known")
    void totalIsThePublishedOne(String name, long total) {
        ParameterCounts counts = Architecture.of(ModelSpecs.of(config(name), name)).parameters();
        assertEquals(total, counts.total());
        assertEquals(total, counts.parts().stream().mapToLong(ParameterCounts.Part::total).sum());
        assertTrue(counts.active() <= total);
    }
}
