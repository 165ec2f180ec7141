package dev.heddle.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.engine.serve.SchedulerOptions;
import dev.heddle.server.http.ServerOptions;
import dev.heddle.server.model.ServedModel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What a server must not let through, with a key, short limits and one place.
class SafetyTest {
    private static final String KEY = "sk-secret-of-this-test";
    private static TestServer.Running running;
    private static String url;

    @BeforeAll
    static void start() {
        running = TestServer.start(ServerOptions.DEFAULT.withAddress("127.0.0.1", 0, Optional.of(KEY)).withOrigins(List.of("http://app.example"))
                .withLimits(20_000, 64).withTimeouts(Duration.ofSeconds(2), Duration.ofSeconds(3), Duration.ofSeconds(20)),
                SchedulerOptions.DEFAULT.withParallel(1).withQueue(1));
        url = running.server().url();
    }

    @AfterAll
    static void stop() {
        running.close();
    }

    private static Client.Answer post(String path, String body) throws IOException, InterruptedException {
        return Client.post(url + path, body.replace('\'', '"'), "Authorization", "Bearer " + KEY);
    }

    /// The answer to a body that the server refuses to read: it closes the connection, and who still writes may miss the answer.
    private static Client.Answer answered(String path, String body) throws IOException, InterruptedException {
        for (int attempt = 1;; attempt++) {
            try {
                return post(path, body);
            } catch (IOException closed) {
                if (attempt == 10) {
                    throw closed;
                }
            }
        }
    }

    private static ServedModel story() {
        return running.models().getFirst();
    }

    private static void waitUntilIdle() throws InterruptedException {
        long end = System.nanoTime() + 10_000_000_000L;
        while (story().scheduler().counters().running() + story().scheduler().counters().waiting() > 0) {
            assertTrue(System.nanoTime() < end, "a generation did not end");
            Thread.sleep(5);
        }
        assertEquals(0, story().scheduler().counters().reservedBytes());
    }

    /// Sends bytes and reads what comes until the server closes.
    private static String raw(int port, String request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(180_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            socket.getOutputStream().flush();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (SocketException e) {
            return "";
        }
    }

    @Test
    void onlyTheKeyOpens() throws IOException, InterruptedException {
        for (String[] headers : new String[][] {{}, {"Authorization", "Bearer sk-wrong"}, {"Authorization", KEY}, {"Authorization", "Bearer"}}) {
            for (String path : List.of("/v1/models", "/metrics", "/heddle/stats")) {
                Client.Answer answer = Client.get(url + path, headers);
                assertEquals(401, answer.status());
                assertEquals("invalid_api_key", answer.json().at("/error/code").asText());
                assertFalse(answer.body().contains(KEY));
            }
        }
        assertEquals(200, Client.get(url + "/v1/models", "Authorization", "Bearer " + KEY).status());
        assertEquals(200, Client.get(url + "/health").status());
        assertFalse(ServerOptions.DEFAULT.withAddress("127.0.0.1", 0, Optional.of(KEY)).toString().contains(KEY));
        assertThrows(IllegalArgumentException.class, () -> ServerOptions.DEFAULT.withAddress("0.0.0.0", 0, Optional.empty()));
        assertEquals("0.0.0.0", ServerOptions.DEFAULT.withAddress("0.0.0.0", 0, Optional.of(KEY)).host());
    }

    @Test
    void bodiesHaveLimits() throws IOException, InterruptedException {
        Client.Answer large = answered("/v1/completions", "{'prompt':'" + "x".repeat(30_000) + "'}");
        assertEquals(413, large.status(), large.body());
        assertTrue(large.json().at("/error/message").asText().contains("20000"));
        String chunk = "x".repeat(5000);
        String chunked = "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + KEY
                + "\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + ("1388\r\n" + chunk + "\r\n").repeat(6) + "0\r\n\r\n";
        String answer = raw(running.server().port(), chunked);
        assertTrue(answer.isEmpty() || answer.startsWith("HTTP/1.1 413"), answer);
    }

    @Test
    void slowHeadersAndBodiesAreClosed() throws IOException {
        long start = System.nanoTime();
        assertFalse(raw(running.server().port(), "GET /health HTTP/1.1\r\nHost: loc").contains("200"));
        String half = raw(running.server().port(), "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + KEY
                + "\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"content\":");
        assertFalse(half.contains("200"), half);
        assertTrue(System.nanoTime() - start < 30_000_000_000L);
    }

    @Test
    void noPathLeadsOutOfTheFolder() throws IOException, InterruptedException {
        for (String path : List.of("/../web/probe.html", "/%2e%2e/probe.html", "/..%2fprobe.html", "//etc/passwd", "/.hidden.html", "/a/../../probe.html",
                "/probe.html%00.js", "/probe", "/dev/heddle/server/HeddleServer.class", "/%2fetc/hosts.json", "/probe.html/")) {
            String answer = raw(running.server().port(), "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            assertTrue(answer.startsWith("HTTP/1.1 4"), path + ": " + answer);
            assertTrue(answer.contains("{\"error\":"), answer);
        }
        Client.Answer page = Client.get(url + "/probe.html");
        assertEquals(200, page.status());
        assertTrue(page.header("Content-Security-Policy").startsWith("default-src 'none'; script-src 'self'"));
        assertEquals("nosniff", page.header("X-Content-Type-Options"));
    }

    @Test
    void otherOriginsOnlyAsAllowed() throws IOException, InterruptedException {
        assertEquals("http://app.example", Client.get(url + "/health", "Origin", "http://app.example").header("Access-Control-Allow-Origin"));
        assertEquals("", Client.get(url + "/health", "Origin", "http://evil.example").header("Access-Control-Allow-Origin"));
        String preflight = raw(running.server().port(), "OPTIONS /v1/completions HTTP/1.1\r\nHost: localhost\r\nOrigin: http://app.example\r\n"
                + "Access-Control-Request-Method: POST\r\nConnection: close\r\n\r\n");
        assertTrue(preflight.startsWith("HTTP/1.1 204") && preflight.contains("authorization, content-type"), preflight);
    }

    @Test
    void whoGoesAwayFreesItsPlace() throws IOException, InterruptedException {
        for (boolean stream : new boolean[] {true, false}) {
            String body = "{\"prompt\":\"Once\",\"max_tokens\":3500,\"ignore_eos\":true,\"stream\":" + stream + "}";
            long before = story().scheduler().counters().cancelled();
            try (Socket socket = new Socket("127.0.0.1", running.server().port())) {
                socket.getOutputStream().write(("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + KEY
                        + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n" + body).getBytes(StandardCharsets.US_ASCII));
                socket.getOutputStream().flush();
                if (stream) {
                    InputStream in = socket.getInputStream();
                    BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
                    while (!lines.readLine().startsWith("data: ")) {
                        // the headers
                    }
                }
                while (story().scheduler().counters().running() == 0) {
                    Thread.sleep(2);
                }
                // while one runs, another waits, and a third is refused
                Thread second = Thread.startVirtualThread(() -> assertStatus("{'prompt':'a','max_tokens':1}", 200));
                while (story().scheduler().counters().waiting() == 0) {
                    Thread.sleep(2);
                }
                Client.Answer third = post("/v1/completions", "{'prompt':'b','max_tokens':1}");
                assertEquals(429, third.status(), third.body());
                assertTrue(Integer.parseInt(third.header("Retry-After")) >= 1);
                socket.close();
                second.join();
            }
            waitUntilIdle();
            assertEquals(before + 1, story().scheduler().counters().cancelled());
        }
    }

    private static void assertStatus(String body, int status) {
        try {
            assertEquals(status, post("/v1/completions", body).status());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aServerThatStopsFinishesWhatRuns() throws Exception {
        TestServer.Running own = TestServer.start(ServerOptions.DEFAULT.withAddress("127.0.0.1", 0, Optional.empty()), SchedulerOptions.DEFAULT);
        String base = own.server().url();
        String[] body = new String[1];
        Thread reader = Thread.startVirtualThread(() -> {
            try {
                body[0] = Client.post(base + "/v1/completions", "{\"prompt\":\"Once\",\"max_tokens\":60,\"ignore_eos\":true,\"stream\":true}", new String[0]).body();
            } catch (IOException | InterruptedException e) {
                body[0] = e.toString();
            }
        });
        while (own.models().getFirst().scheduler().counters().running() == 0) {
            Thread.sleep(2);
        }
        own.close();
        reader.join();
        assertTrue(body[0].endsWith("data: [DONE]\n\n"), body[0]);
        assertTrue(body[0].contains("\"finish_reason\":\"length\""));
        assertThrows(IOException.class, () -> Client.get(base + "/health"));
    }

    @Test
    void withoutAKeyOnlyLocalNamesAreAnswered() throws IOException {
        TestServer.Running own = TestServer.start(ServerOptions.DEFAULT.withAddress("127.0.0.1", 0, Optional.empty()), SchedulerOptions.DEFAULT);
        try {
            for (String host : List.of("evil.example", "evil.example:" + own.server().port(), "127.0.0.1.evil.example")) {
                String answer = raw(own.server().port(), "GET /v1/models HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
                assertTrue(answer.startsWith("HTTP/1.1 403"), answer);
            }
            for (String host : List.of("localhost", "127.0.0.1:" + own.server().port(), "[::1]:1")) {
                String answer = raw(own.server().port(), "GET /v1/models HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
                assertTrue(answer.startsWith("HTTP/1.1 200"), answer);
            }
        } finally {
            own.close();
        }
    }
}
