package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Conversations that outlive the program.
class SessionTest {
    private static final String PROMPT = "Once upon a time there was a little";

    @TempDir
    Path home;

    @BeforeEach
    void useTheFolder() {
        System.setProperty("heddle.cache", home.toString());
    }

    @AfterEach
    void leaveTheFolder() {
        System.clearProperty("heddle.cache");
    }

    private static CommandLineRun run(String... options) {
        return CommandLineRun.of(Stream.concat(Stream.of("run", "--greedy", "-n", "5"), Stream.of(options)).toArray(String[]::new));
    }

    @Test
    void aTextGoesOn() {
        CommandLineRun first = run("--session", "tale", PROMPT);
        assertEquals(0, first.code(), first.err());
        assertEquals(run(PROMPT).out(), first.out());
        CommandLineRun second = run("--session", "tale", " and", "--stats");
        assertEquals(0, second.code(), second.err());
        assertEquals(run(PROMPT + first.out().stripTrailing() + " and").out(), second.out());
        assertTrue(second.err().contains("from the cache"), second.err());
        CommandLineRun list = CommandLineRun.of("sessions");
        assertTrue(list.out().matches("tale  [0-9]+ tokens  .*story-falcon-h1\n"), list.out());
        assertEquals(0, CommandLineRun.of("sessions", "--delete", "tale").code());
        assertEquals("", CommandLineRun.of("sessions").out());
        assertEquals(2, CommandLineRun.of("sessions", "--delete", "tale").code());
    }

    @Test
    void statesOnDiskSpareALongBeginning() throws IOException {
        String beginning = Files.readString(Path.of(System.getProperty("heddle.repository"))
                .resolve("models/story-falcon-h1/validation.txt")).substring(0, 1600);
        CommandLineRun first = run("--session", "long", "--stats", beginning);
        assertTrue(first.err().contains(", 0 from the cache"), first.err());
        CommandLineRun second = run("--session", "long", "--stats", "And so");
        assertTrue(second.err().matches("(?s).*, [1-9][0-9]* from the cache.*"), second.err());
    }

    @Test
    void whatDoesNotFitIsRefused() throws IOException {
        assertEquals(2, run("--session", "../up", PROMPT).code());
        assertEquals(2, run("--session", "a", "--ignore-eos", PROMPT).code());
        Path file = Files.createDirectories(home.resolve("sessions")).resolve("bad.json");
        for (String text : new String[] {"", "[]", "{\"model\": 3}", "{\"model\": \"models/story-falcon-h1\", \"messages\": []}"}) {
            Files.writeString(file, text);
            CommandLineRun run = run("--session", "bad", System.getProperty("heddle.repository") + "/models/story-falcon-h1", PROMPT);
            assertEquals(1, run.code(), text);
            assertEquals(1, run.errors().size(), run.err());
            assertTrue(run.errors().getFirst().contains("bad.json"), run.err());
        }
        assertFalse(Files.exists(home.resolve("sessions/a.json")));
    }
}
