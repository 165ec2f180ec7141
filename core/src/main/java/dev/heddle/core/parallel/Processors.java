package dev.heddle.core.parallel;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/// How many threads arithmetic can use: two hardware threads of one core share its multipliers.
public final class Processors {
    private static final Path CPUS = Path.of("/sys/devices/system/cpu");

    private Processors() {
    }

    /// Physical cores, and not more than the processors this program may use. Where the system does not tell (not
    /// Linux), the processors.
    public static int physical() {
        return physical(CPUS, Runtime.getRuntime().availableProcessors());
    }

    static int physical(Path cpus, int available) {
        Set<String> cores = new HashSet<>();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(cpus, "cpu[0-9]*")) {
            for (Path folder : folders) {
                Path siblings = folder.resolve("topology/thread_siblings_list");
                if (Files.isReadable(siblings)) {
                    cores.add(Files.readString(siblings).strip());
                }
            }
        } catch (IOException e) {
            return available;
        }
        return cores.isEmpty() ? available : Math.min(available, cores.size());
    }
}
