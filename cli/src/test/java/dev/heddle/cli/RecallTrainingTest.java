package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `heddle train --task mqar` with a small vocabulary.
class RecallTrainingTest {
    @TempDir
    Path folder;

    private CommandLineRun train(String... more) throws IOException {
        Path example = Path.of(System.getProperty("heddle.repository")).resolve("examples/recall-hybrid.yaml");
        Path model = Files.writeString(folder.resolve("model.yaml"),
                Files.readString(example).replace("vocabulary: 2048", "vocabulary: 32"));
        List<String> arguments = new ArrayList<>(List.of("train", "--model", model.toString(), "--output",
                folder.resolve("run").toString(), "--task", "mqar", "--length", "12", "--batch", "16"));
        arguments.addAll(List.of(more));
        return CommandLineRun.of(arguments.toArray(String[]::new));
    }

    /// A model that does not know which value belongs to which key answers one in three.
    @Test
    void aHybridLearnsToRecall() throws IOException {
        CommandLineRun run = train("--pairs", "3", "--steps", "600", "--rate", "0.01", "--set",
                "task.noise=false", "--set", "evaluate_every=200", "--set", "evaluate_tokens=4096", "--set",
                "optimizer.weight_decay=0.01");
        assertEquals(0, run.code(), run.err());
        List<String> lines = Files.readAllLines(folder.resolve("run/metrics.jsonl"));
        assertEquals(600, lines.size());
        double accuracy = Json.parse(lines.getLast(), "metrics").path("accuracy_3_pairs").asDouble();
        assertTrue(accuracy > 0.6, () -> "right answers: " + accuracy);
        assertTrue(run.err().contains("step 600  recall  3 pairs "), run.err());
        assertTrue(Files.exists(folder.resolve("run/model.safetensors")));
    }

    @Test
    void tasksThatDoNotFitAreRefused() throws IOException {
        refused("the model's vocabulary only 32", train("--steps", "1", "--pairs", "3", "--set", "task.vocabulary=8192"));
        refused("between 1 and 3 pairs", train("--steps", "1", "--pairs", "4"));
        refused("different numbers", train("--steps", "1", "--pairs", "2,2"));
        refused("task", train("--steps", "1", "--pairs", "2", "--data", "corpus.txt"));
        refused("quiz", train("--steps", "1", "--set", "task.type=quiz"));
    }

    @Test
    void tokenizersThatCannotBeTrainedAreRefused() throws IOException {
        String missing = folder.resolve("missing.txt").toString();
        refused("no such corpus file", CommandLineRun.of("tokenizer", "train", missing, "--vocab", "300", "-o", folder.resolve("t").toString()));
        assertEquals(2, CommandLineRun.of("tokenizer", "train", missing, "--vocab", "many", "-o", "t").code());
        assertEquals(2, CommandLineRun.of("tokenizer").code());
        Path text = Files.writeString(folder.resolve("a.txt"), "some text, some more text");
        CommandLineRun good = CommandLineRun.of("tokenizer", "train", text.toString(), "--vocab", "265", "-o", folder.resolve("t").toString());
        assertEquals(0, good.code(), good.err());
        assertTrue(Files.exists(folder.resolve("t/tokenizer.json")) && Files.exists(folder.resolve("t/tokenizer_config.json")));
    }

    private static void refused(String part, CommandLineRun run) {
        assertEquals(1, run.code(), run.err());
        assertTrue(run.err().contains(part), run.err());
    }
}
