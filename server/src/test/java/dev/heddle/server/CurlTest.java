package dev.heddle.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// `curl`, where it is installed.
@ExtendWith(TestServer.class)
class CurlTest {
    private static String curl(String... arguments) throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/curl")), "curl is not installed");
        List<String> command = new ArrayList<>(List.of("curl", "-sS", "-i", "-m", "60"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        return output;
    }

    @Test
    void streamsAndErrors() throws IOException, InterruptedException {
        String stream = curl("-N", TestServer.url() + "/v1/completions", "-H", "Content-Type: application/json", "-d",
                "{\"prompt\": \"Once upon a time\", \"max_tokens\": 5, \"stream\": true}");
        assertTrue(stream.startsWith("HTTP/1.1 200"), stream);
        assertTrue(stream.stripTrailing().endsWith("data: [DONE]"), stream);
        assertTrue(curl(TestServer.url() + "/v1/completions", "-d", "prompt=x").startsWith("HTTP/1.1 415"));
        assertTrue(curl(TestServer.url() + "/health").contains("{\"status\":\"ok\"}"));
        // a body that is announced first, as curl does for large ones
        String large = curl(TestServer.url() + "/tokenize", "-H", "Content-Type: application/json", "-H", "Expect: 100-continue", "-d",
                "{\"content\": \"" + "word ".repeat(1000) + "\"}");
        assertTrue(large.contains("HTTP/1.1 200"), large.substring(0, Math.min(300, large.length())));
    }
}
