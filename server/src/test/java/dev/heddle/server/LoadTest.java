package dev.heddle.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.engine.serve.SchedulerCounters;
import dev.heddle.engine.serve.SchedulerOptions;
import dev.heddle.server.http.ServerOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// Many streaming clients of mixed lengths, some of which go away: every finished answer is the one computed alone, and
/// nothing stays behind. Five minutes with `-Dheddle.long=true`.
class LoadTest {
    private static final int CLIENTS = 64;
    private static final Duration TIME = Boolean.getBoolean("heddle.long") ? Duration.ofMinutes(5) : Duration.ofSeconds(5);
    private static final String[] PROMPTS = {"Once upon a time", "The fox", "There was a king who had three daughters, and the youngest",
        "In a dark wood stood a small house. ".repeat(12), "A", "The bank of the river was steep and muddy. ".repeat(25)};

    private record Asked(String body, String answer) {
    }

    private static String body(int kind) {
        return "{\"model\":\"story\",\"stream\":true,\"seed\":" + kind + ",\"temperature\":" + (kind % 3 == 0 ? 0 : 0.9) + ",\"max_tokens\":" + (3 + 7 * (kind % 5))
                + ",\"user\":\"" + kind % 4 + "\",\"prompt\":\"" + PROMPTS[kind % PROMPTS.length] + "\"}";
    }

    /// The text of a stream; empty if the client goes away after `patience` events.
    private static Optional<String> stream(int port, String body, int patience) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(180_000);
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            socket.getOutputStream().write(("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                    + bytes.length + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(bytes);
            socket.getOutputStream().flush();
            BufferedReader lines = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            String status = lines.readLine();
            if (status == null || !status.startsWith("HTTP/1.1 200")) {
                throw new IOException("answered " + status);
            }
            StringBuilder text = new StringBuilder();
            int events = 0;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.equals("data: [DONE]")) {
                    return Optional.of(text.toString());
                }
                if (line.startsWith("data: ")) {
                    JsonNode event = new ObjectMapper().readTree(line.substring(6));
                    if (event.has("error")) {
                        throw new IOException(line);
                    }
                    text.append(event.at("/choices/0/text").asText());
                    if (++events == patience) {
                        return Optional.empty();
                    }
                }
            }
            throw new IOException("the stream broke off after " + text);
        }
    }

    private static Set<String> threads() {
        return Thread.getAllStackTraces().keySet().stream().map(Thread::getName).filter(name -> name.contains("heddle") || name.startsWith("server-")
                || name.contains("idle-timeout")).collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void everyAnswerIsTheOneComputedAlone() throws Exception {
        Set<String> before = threads();
        TestServer.Running running = TestServer.start(ServerOptions.DEFAULT.withAddress("127.0.0.1", 0, Optional.empty()),
                SchedulerOptions.DEFAULT.withParallel(16));
        int port = running.server().port();
        List<Asked> asked = new ArrayList<>();
        for (int kind = 0; kind < 15; kind++) {
            String body = body(kind);
            asked.add(new Asked(body, stream(port, body, -1).orElseThrow()));
        }
        long end = System.nanoTime() + TIME.toNanos();
        ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
        AtomicInteger finished = new AtomicInteger();
        AtomicInteger left = new AtomicInteger();
        List<Thread> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            Random random = new Random(i);
            clients.add(Thread.startVirtualThread(() -> {
                while (System.nanoTime() < end && wrong.isEmpty()) {
                    Asked one = asked.get(random.nextInt(asked.size()));
                    try {
                        Optional<String> text = stream(port, one.body, random.nextInt(4) == 0 ? 1 + random.nextInt(3) : -1);
                        if (text.isEmpty()) {
                            left.incrementAndGet();
                        } else if (text.get().equals(one.answer)) {
                            finished.incrementAndGet();
                        } else {
                            wrong.add(text.get() + " instead of " + one.answer);
                        }
                    } catch (IOException e) {
                        wrong.add(e.toString());
                    }
                }
            }));
        }
        for (Thread client : clients) {
            client.join();
        }
        assertTrue(wrong.isEmpty(), () -> wrong.peek());
        assertTrue(finished.get() >= CLIENTS / 2 && left.get() > 0, finished + " finished, " + left + " left");
        long patience = System.nanoTime() + 10_000_000_000L;
        while (running.models().getFirst().scheduler().counters().running() > 0 && System.nanoTime() < patience) {
            Thread.sleep(5);
        }
        SchedulerCounters counters = running.models().getFirst().scheduler().counters();
        assertEquals(0, counters.running() + counters.waiting());
        assertEquals(0, counters.reservedBytes());
        assertEquals(0, counters.stateBytes());
        assertEquals(0, counters.failed());
        running.close();
        long stopped = System.nanoTime() + 10_000_000_000L;
        while (!before.containsAll(threads()) && System.nanoTime() < stopped) {
            Thread.sleep(20);
        }
        Set<String> stayed = threads();
        stayed.removeAll(before);
        assertEquals(Set.of(), stayed);
    }
}
