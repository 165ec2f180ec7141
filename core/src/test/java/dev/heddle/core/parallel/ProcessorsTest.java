package dev.heddle.core.parallel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessorsTest {
    @TempDir
    Path cpus;

    private void cpu(int number, String siblings) throws IOException {
        Path topology = Files.createDirectories(cpus.resolve("cpu" + number + "/topology"));
        Files.writeString(topology.resolve("thread_siblings_list"), siblings + "\n");
    }

    @Test
    void twoThreadsOfACoreCountOnce() throws IOException {
        cpu(0, "0,2");
        cpu(1, "1,3");
        cpu(2, "0,2");
        cpu(3, "1,3");
        assertEquals(2, Processors.physical(cpus, 4));
        assertEquals(1, Processors.physical(cpus, 1));
    }

    @Test
    void whereTheSystemDoesNotTellProcessorsCount() {
        assertEquals(8, Processors.physical(cpus, 8));
        assertEquals(8, Processors.physical(cpus.resolve("missing"), 8));
    }

    @Test
    void intelsAreKnownByTheirName() throws IOException {
        Path information = cpus.resolve("cpuinfo");
        Files.writeString(information, "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\n");
        assertTrue(Processors.areIntels(information));
        Files.writeString(information, "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\n");
        assertFalse(Processors.areIntels(information));
        assertFalse(Processors.areIntels(cpus.resolve("missing")));
    }
}
