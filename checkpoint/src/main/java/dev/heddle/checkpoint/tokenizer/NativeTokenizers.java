package dev.heddle.checkpoint.tokenizer;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import dev.heddle.checkpoint.CheckpointException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.Properties;

/// Loads Hugging Face's `tokenizers` library, which lies in the jar of DJL's binding, and hands out that binding.
///
/// DJL's own loader asks for CUDA, may download a GPU build, reports use over the network and logs; none of that is
/// wanted to cut text into tokens. So the CPU library is unpacked here, once per version and user, into the user's cache
/// folder, and loaded from there.
final class NativeTokenizers {
    private NativeTokenizers() {
    }

    private static final class Holder {
        static final TokenizersLibrary LIBRARY = load();
    }

    /// The binding, its library loaded.
    /// @throws CheckpointException if there is no library for this machine or it cannot be unpacked
    static TokenizersLibrary library() {
        try {
            return Holder.LIBRARY;
        } catch (ExceptionInInitializerError e) {
            if (e.getCause() instanceof CheckpointException cause) {
                throw cause;
            }
            throw e;
        } catch (NoClassDefFoundError e) {
            throw new CheckpointException("tokenizer.json: the native tokenizers library could not be loaded earlier in"
                    + " this program", e);
        }
    }

    private static TokenizersLibrary load() {
        String system = system(System.getProperty("os.name"));
        String machine = machine(System.getProperty("os.arch"));
        String resources = "native/lib/" + system + "-" + machine + "/cpu/";
        // in this order: the first three are what the last one needs on Windows
        List<String> files = system.equals("win")
                ? List.of("libwinpthread-1.dll", "libgcc_s_seh-1.dll", "libstdc++-6.dll", "tokenizers.dll")
                : List.of(System.mapLibraryName("tokenizers"));
        ClassLoader loader = TokenizersLibrary.class.getClassLoader();
        if (loader.getResource(resources + files.getLast()) == null) {
            throw new CheckpointException("tokenizer.json needs the native tokenizers library, which is not available"
                    + " for " + system + "-" + machine + "; it exists for linux-x86_64, linux-aarch64, osx-aarch64 and"
                    + " win-x86_64. Models with a SentencePiece or RWKV vocabulary work everywhere.");
        }
        try {
            Path folder = cacheFolder(system).resolve("tokenizers-" + version(loader));
            for (String file : files) {
                System.load(unpacked(loader.getResource(resources + file), folder, file).toString());
            }
        } catch (IOException | UnsatisfiedLinkError e) {
            throw new CheckpointException("tokenizer.json needs the native tokenizers library, which cannot be loaded: "
                    + e.getMessage(), e);
        }
        return TokenizersLibrary.LIB;
    }

    private static String system(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.startsWith("windows") ? "win" : lower.startsWith("mac") ? "osx" : lower;
    }

    private static String machine(String arch) {
        return switch (arch) {
            case "amd64", "x86_64" -> "x86_64";
            case "aarch64", "arm64" -> "aarch64";
            default -> arch;
        };
    }

    private static String version(ClassLoader loader) throws IOException {
        Properties properties = new Properties();
        try (InputStream in = loader.getResourceAsStream("native/lib/tokenizers.properties")) {
            if (in != null) {
                properties.load(in);
            }
        }
        return properties.getProperty("version", "unversioned");
    }

    private static Path cacheFolder(String system) throws IOException {
        String home = System.getProperty("user.home", "");
        String configured = System.getenv(system.equals("win") ? "LOCALAPPDATA" : "XDG_CACHE_HOME");
        Path base = configured != null && !configured.isEmpty() ? Path.of(configured)
                : system.equals("osx") ? Path.of(home, "Library", "Caches") : Path.of(home, ".cache");
        Path folder = base.resolve("heddle");
        try {
            return Files.createDirectories(folder.toAbsolutePath());
        } catch (IOException e) {
            // a read-only home, as in containers; a fresh folder is writable by this user alone
            return Files.createTempDirectory("heddle");
        }
    }

    private static Path unpacked(URL resource, Path folder, String file) throws IOException {
        Path target = folder.resolve(file);
        var connection = resource.openConnection();
        connection.setUseCaches(false);
        try (InputStream in = connection.getInputStream()) {
            if (Files.isRegularFile(target) && Files.size(target) == connection.getContentLengthLong()) {
                return target;
            }
            Files.createDirectories(folder);
            // other processes may do the same: each writes its own file, the last move wins, all are equal
            Path part = Files.createTempFile(folder, file, ".part");
            try {
                Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
                Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                // Windows refuses to replace a library that another process has just put there and loaded
                if (!Files.isRegularFile(target) || Files.size(target) != Files.size(part)) {
                    throw e;
                }
            } finally {
                Files.deleteIfExists(part);
            }
        }
        return target;
    }
}
