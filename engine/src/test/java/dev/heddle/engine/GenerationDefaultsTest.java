package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.engine.sampling.SamplingOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerationDefaultsTest {
    @TempDir
    Path folder;

    private GenerationDefaults read(String json) throws IOException {
        Files.writeString(folder.resolve("generation_config.json"), json);
        return GenerationDefaults.read(folder);
    }

    @Test
    void withoutAFileHeddlesOwn() {
        assertEquals(new GenerationDefaults(SamplingOptions.DEFAULT, OptionalInt.empty(), List.of()), GenerationDefaults.read(folder));
    }

    @Test
    void everyFieldCounts() throws IOException {
        GenerationDefaults defaults = read("""
                {"do_sample": true, "temperature": 0.3, "top_k": 5, "top_p": 0.5, "min_p": 0.1, "repetition_penalty": 1.2,
                 "max_new_tokens": 7, "stop_strings": ["a", "b"], "eos_token_id": [1, 2], "num_beams": 1}""");
        assertEquals(new SamplingOptions(0.3, 5, 0.5, 0.1, 1.2, 0, 0, -1), defaults.sampling());
        assertEquals(OptionalInt.of(7), defaults.maxTokens());
        assertEquals(List.of("a", "b"), defaults.stop());
    }

    @Test
    void whatIsAbsentOrNullStaysOpen() throws IOException {
        GenerationDefaults defaults = read("{\"temperature\": null, \"top_p\": 0.9, \"max_new_tokens\": null, \"stop_strings\": \"x\"}");
        SamplingOptions own = SamplingOptions.DEFAULT;
        assertEquals(new SamplingOptions(own.temperature(), own.topK(), 0.9, own.minP(), 1, 0, 0, own.repeatLastN()), defaults.sampling());
        assertEquals(OptionalInt.empty(), defaults.maxTokens());
        assertEquals(List.of("x"), defaults.stop());
        assertTrue(read("{\"do_sample\": false, \"temperature\": 0.9}").sampling().isGreedy());
    }

    @Test
    void impossibleValuesNameTheFile() {
        for (String json : List.of("{\"top_p\": 2}", "{\"top_k\": -1}", "{\"temperature\": \"warm\"}", "{\"repetition_penalty\": 0}", "[]")) {
            CheckpointException failure = assertThrows(CheckpointException.class, () -> read(json));
            assertTrue(failure.getMessage().contains("generation_config.json"), failure.getMessage());
        }
    }

    @Test
    void theBundledModelHasALengthOfItsOwn() {
        assertTrue(GenerationDefaults.read(TestFiles.bundledModel()).maxTokens().orElseThrow() >= 100);
    }
}
