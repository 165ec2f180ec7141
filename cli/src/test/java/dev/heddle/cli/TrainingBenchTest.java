package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/// `heddle bench --train`.
class TrainingBenchTest {
    private static final String MODEL = Path.of(System.getProperty("heddle.repository"), "examples/recall-hybrid.yaml").toString();

    @Test
    void tellsSpeedAndShareOfTheLimit() throws IOException {
        CommandLineRun run = CommandLineRun.of("bench", "--train", MODEL, "--length", "16", "--batch", "2", "-r", "2", "--warm-up", "1",
                "--profile", "--json");
        assertEquals(0, run.code(), run.err());
        JsonNode json = new ObjectMapper().readTree(run.out());
        double rate = json.get("tokens_per_second").asDouble();
        assertEquals(32 / json.get("median_seconds").asDouble(), rate, 1e-6 * rate);
        assertEquals(2, json.get("seconds").size());
        double flops = json.get("flops_per_token").asDouble() * rate;
        assertEquals(flops, json.get("flops_per_second").asDouble(), 1e-6 * flops);
        assertEquals(flops / json.get("limit_flops_per_second").asDouble(), json.get("share_of_limit").asDouble(), 1e-6);
        double counted = 0;
        for (JsonNode kernel : json.get("kernels")) {
            counted += kernel.get("flops").asDouble();
        }
        assertEquals(counted / 32, json.get("flops_per_token").asDouble(), 1);
    }

    @Test
    void refusesWhatMakesNoSense() {
        assertEquals("heddle: --profile needs --train", String.join("", CommandLineRun.of("bench", "--profile").errors()).lines().findFirst().orElse(""));
        CommandLineRun run = CommandLineRun.of("bench", "--train", MODEL, "--length", "0");
        assertTrue(run.code() != 0);
        assertTrue(run.err().contains("--length and --batch must be at least 1"), run.err());
    }
}
