package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportCommandTest {
    @TempDir
    Path folder;

    private String run(String name, String... lines) throws IOException {
        Path run = Files.createDirectories(folder.resolve(name));
        Files.write(run.resolve("metrics.jsonl"), List.of(lines));
        return run.toString();
    }

    @Test
    void oneRunIsDrawnInItsFolder() throws IOException {
        String run = run("first", "{\"step\":1,\"loss\":3.5,\"tokens\":64,\"validation_loss\":3.25}", "{\"step\":2,\"lo");
        CommandLineRun command = CommandLineRun.of("report", run);
        assertEquals(0, command.code(), command.err());
        assertEquals(Path.of(run, "report.html").toString(), command.out().strip());
        assertTrue(Files.readString(Path.of(run, "report.html")).contains("<dd>3.2500</dd>"));
    }

    @Test
    void severalAreCompared() throws IOException {
        String first = run("first", "{\"step\":1,\"loss\":3.5,\"tokens\":64,\"validation_loss\":3.25}");
        String second = run("second", "{\"step\":1,\"loss\":3.5,\"tokens\":64,\"validation_loss\":3.0}");
        Path page = folder.resolve("comparison.html");
        CommandLineRun command = CommandLineRun.of("report", first, second, "-o", page.toString());
        assertEquals(0, command.code(), command.err());
        assertTrue(Files.readString(page).contains("+0.2500"));
        assertEquals(2, CommandLineRun.of("report", first, second).code(), "where to?");
        assertFalse(Files.exists(Path.of(first, "report.html")));
    }

    @Test
    void whatIsNoRunIsSaid() {
        CommandLineRun command = CommandLineRun.of("report", folder.toString());
        assertEquals(1, command.code());
        assertTrue(command.err().contains("holds no metrics.jsonl; expected the output folder of 'heddle train'"), command.err());
        assertEquals(2, CommandLineRun.of("report").code());
        assertTrue(CommandLineRun.of("report", folder.resolve("missing").toString()).err().contains("no such folder"));
    }
}
