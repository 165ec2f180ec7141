package dev.heddle.checkpoint.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.Repository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightsTest {
    @TempDir
    Path folder;

    @Test
    void prefersSafetensorsThenBinThenPth() throws IOException {
        fails(folder, "no weights (.safetensors, .bin, .pth or .pt) in this folder, which is empty");
        copy("testdata/fixtures/rwkv4/config.json", "config.json");
        fails(folder, "in this folder; it holds config.json");
        copy("testdata/pickle/types.pt", "optimizer.pt");
        copy("testdata/pickle/types.pt", "training_args.bin");
        fails(folder, "no weights");
        copy("testdata/pickle/rwkv4-old.pth", "rwkv4.pth");
        opens("rwkv4.pth");
        copy("testdata/pickle/nested.pt", "other.pth");
        fails(folder, "several weight files (other.pth, rwkv4.pth) and no index that orders them; name the one to open");
        copy("testdata/pickle/rwkv4-old.pth", "pytorch_model.bin");
        opens("pytorch_model.bin");
        copy("testdata/fixtures/rwkv4/model.safetensors", "weights.safetensors");
        opens("weights.safetensors");
        copy("testdata/fixtures/rwkv4/model.safetensors", "b.safetensors");
        fails(folder, "several weight files (b.safetensors, weights.safetensors)");
        copy("testdata/fixtures/rwkv4/model.safetensors", "model.safetensors");
        opens("model.safetensors");
    }

    @Test
    void readsAnIndexOfPickles() throws IOException {
        copy("testdata/pickle/nested.pt", "pytorch_model-00001-of-00002.bin");
        copy("testdata/pickle/rwkv4-old.pth", "pytorch_model-00002-of-00002.bin");
        Files.writeString(folder.resolve("pytorch_model.bin.index.json"), """
                {"weight_map": {"a.w": "pytorch_model-00001-of-00002.bin", "head.weight": "pytorch_model-00002-of-00002.bin"}}""");
        try (WeightSource weights = Weights.open(folder)) {
            assertEquals(8, weights.tensor("a.w").columns());
            assertEquals(2, weights.tensor("head.weight").rank());
            assertTrue(weights.contains("b.0"), "not listed, but there");
        }
    }

    @Test
    void refusesWhatIsNoWeightFile() throws IOException {
        fails(folder.resolve("none"), "no such file or folder");
        copy("testdata/fixtures/rwkv4/config.json", "config.json");
        fails(folder.resolve("config.json"), "unknown kind of weight file, expected .safetensors");
    }

    private void opens(String name) {
        try (WeightSource weights = Weights.open(folder)) {
            assertEquals(folder.resolve(name).toString(), weights.describe());
            assertTrue(weights.contains("head.weight"), weights.names().toString());
        }
    }

    private void copy(String from, String to) throws IOException {
        Files.copy(Repository.path(from), folder.resolve(to));
    }

    private static void fails(Path path, String message) {
        CheckpointException e = assertThrows(CheckpointException.class, () -> Weights.open(path));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }
}
