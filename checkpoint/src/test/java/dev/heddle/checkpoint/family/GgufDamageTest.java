package dev.heddle.checkpoint.family;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.Repository;
import dev.heddle.checkpoint.gguf.GgufFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Files whose header was changed at random become models or end in one clear error, in bounded time and memory.
class GgufDamageTest {
    private static final int ROUNDS = Integer.getInteger("heddle.damage", 150);

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"jamba", "lfm2", "nemotron_h-moe", "qwen3_next", "rwkv6-hf", "rwkv7-fla", "llama", "gemma"})
    void becomesAModelOrOneError(String name) throws IOException {
        byte[] whole = Files.readAllBytes(Repository.path("testdata/gguf/" + name + ".gguf"));
        int header;
        try (GgufFile file = GgufFile.open(Repository.path("testdata/gguf/" + name + ".gguf"))) {
            header = (int) file.names().stream().mapToLong(tensor -> file.entry(tensor).offset()).min().orElseThrow();
        }
        Random random = new Random(name.hashCode());
        int refused = 0;
        for (int round = 0; round < ROUNDS; round++) {
            byte[] damaged = whole.clone();
            ByteBuffer buffer = ByteBuffer.wrap(damaged).order(ByteOrder.LITTLE_ENDIAN);
            for (int change = 0; change <= random.nextInt(3); change++) {
                int at = random.nextInt(4, header - 8);
                switch (random.nextInt(5)) {
                    case 0 -> damaged[at] ^= (byte) (1 << random.nextInt(8));
                    case 1 -> damaged[at] = (byte) random.nextInt();
                    case 2 -> buffer.putInt(at, random.nextInt(4) == 0 ? Integer.MAX_VALUE : random.nextInt(300));
                    case 3 -> buffer.putInt(at, 0);
                    default -> buffer.putLong(at, random.nextBoolean() ? -1 : random.nextInt());
                }
            }
            Path file = folder.resolve(name + round + ".gguf");
            Files.write(file, damaged);
            boolean[] bad = {false};
            assertTimeoutPreemptively(Duration.ofSeconds(10), () -> bad[0] = isRefused(file));
            refused += bad[0] ? 1 : 0;
            Files.delete(file);
        }
        assertTrue(refused > ROUNDS / 4, refused + " of " + ROUNDS + " files were refused");
    }

    private static boolean isRefused(Path file) {
        try (Checkpoint checkpoint = Checkpoint.open(file)) {
            checkpoint.model();
            return false;
        } catch (CheckpointException e) {
            assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
            return true;
        }
    }
}
