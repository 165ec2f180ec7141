package dev.heddle.core.parallel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;

/// What arithmetic has to know of the processors: how many threads it can use (two hardware threads of one core share its
/// multipliers) and what takes them long.
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

    /// Whether a multiplication of a subnormal float takes these processors a hundred times as long as others: Intel's do, as far
    /// as is known. Where the system does not tell whose they are (not Linux nor Windows), no.
    public static boolean haveSlowSubnormals() {
        if (System.getenv("PROCESSOR_IDENTIFIER") instanceof String windows) {
            return windows.contains("GenuineIntel");
        }
        return areIntels(Path.of("/proc/cpuinfo"));
    }

    static boolean areIntels(Path information) {
        try (Stream<String> lines = Files.lines(information)) {
            return lines.limit(4).anyMatch(line -> line.startsWith("vendor_id") && line.endsWith("GenuineIntel"));
        } catch (IOException | UncheckedIOException e) {
            return false;
        }
    }
}
