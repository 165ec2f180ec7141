package dev.heddle.checkpoint.gguf.export;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.Repository;
import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.quantize.FileType;
import dev.heddle.core.parallel.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The files that llama.cpp was seen to load: written from the fixtures in f32, they gave the fixtures' logits there
/// (`LlamaCppTest`), and `testdata/gguf/written.json` holds what they were. A file that differs by one bit has to be seen again.
class GgufExportTest {
    private static final Path WRITTEN = Repository.path("testdata/gguf/written.json");

    @TempDir
    Path folder;

    static List<String> fixtures() throws IOException {
        try (Stream<Path> all = Files.list(Repository.fixtures())) {
            return all.filter(one -> Files.isRegularFile(one.resolve("model.safetensors")) && !isImages(one))
                    .map(one -> one.getFileName().toString()).sorted().toList();
        }
    }

    private static boolean isImages(Path fixture) {
        String name = fixture.getFileName().toString();
        return name.equals("vim") || name.equals("mambavision");
    }

    private record File(String architecture, String hash) {
    }

    private File write(String fixture, FileType type, int threads) throws Exception {
        Path file = folder.resolve(fixture + "-" + threads + ".gguf");
        try (Workers workers = new Workers(threads); Checkpoint checkpoint = Checkpoint.open(Repository.fixtures().resolve(fixture))) {
            GgufConversion conversion = GgufConversions.of(checkpoint, type);
            conversion.write(file, workers, (_, _, _) -> { });
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
            return new File(conversion.architecture(), HexFormat.of().formatHex(hash));
        }
    }

    @ParameterizedTest
    @MethodSource("fixtures")
    void filesAreThoseThatLlamaCppWasSeenToLoad(String fixture) throws Exception {
        File file = write(fixture, FileType.F32, 2);
        ObjectNode written = Json.readObject(WRITTEN);
        if (Boolean.getBoolean("heddle.update")) {
            written.putObject(fixture).put("architecture", file.architecture()).put("sha256", file.hash());
            Files.writeString(WRITTEN, written.toPrettyString() + "\n");
        }
        assertTrue(written.has(fixture), fixture + " is not in " + WRITTEN);
        assertEquals(written.path(fixture).path("architecture").textValue(), file.architecture());
        assertEquals(written.path(fixture).path("sha256").textValue(), file.hash(), fixture + ": the file is another one than "
                + "llama.cpp was seen to load; run LlamaCppTest, then this test with -Dheddle.update=true");
    }

    @Test
    void threadsDoNotChangeTheFile() throws Exception {
        assertEquals(write("falcon_h1", FileType.Q8_0, 1), write("falcon_h1", FileType.Q8_0, 3));
    }
}
