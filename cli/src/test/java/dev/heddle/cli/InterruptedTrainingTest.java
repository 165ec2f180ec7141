package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A run goes on from what a killed process leaves behind: whole states, the beginning of another one, and lines of
/// metrics that no state knows of, the last of them torn.
class InterruptedTrainingTest {
    private static final String MODEL = """
            name: tiny
            family: heddle
            vocabulary: 4096
            width: 16
            define:
              norm: {kind: rms, epsilon: 1e-5}
              M: {type: residual, pre_norm: norm, body: {type: mamba2, heads: 2, head_dim: 16, state: 8, norm: norm}}
              A: {type: residual, pre_norm: norm, body: {type: attention, heads: 2, head_dim: 8, window: 12, position: none}}
              E: {type: residual, pre_norm: norm, body: {type: mixture_of_experts, experts: 4, active: 2, expert: {type: gated_mlp, inner: 8}, router: {scoring: sigmoid, choice_bias: true}}}
            blocks: {pattern: MEAE}
            final_norm: norm
            head: {tied: true}
            """;

    @TempDir
    Path folder;

    private void train(String output) {
        CommandLineRun run = CommandLineRun.of("train", folder.resolve("training.yaml").toString(), "--output", folder.resolve(output).toString());
        assertEquals(0, run.code(), run.err());
    }

    private List<String> curve(String output) throws IOException {
        return Files.readAllLines(folder.resolve(output).resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceAll("\"tokens_per_second\":[^,}]+,?", "")).toList();
    }

    private void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target);
                }
            }
        }
    }

    @Test
    void losesNothing() throws IOException {
        Files.writeString(folder.resolve("model.yaml"), MODEL);
        Files.writeString(folder.resolve("corpus.txt"), Stream.iterate(0, i -> i + 1).limit(60)
                .map(i -> "Once upon a time there was a fox with " + i * 7919 % 1000 + " friends. ".repeat(i % 5)).reduce("", (a, b) -> a + "<|endoftext|>" + b));
        Files.writeString(folder.resolve("training.yaml"), """
                model: model.yaml
                tokenizer: %s
                data: [{file: corpus.txt}]
                steps: 9
                schedule: {type: cosine, warm_up: 2}
                length: 16
                batch: 3
                accumulate: 2
                carry: true
                recompute: true
                dropout: 0.1
                balance_loss: 0.01
                balance_rate: 0.001
                held_out: 0.1
                evaluate_every: 3
                checkpoint_every: 3
                keep: 9
                output: run
                """.formatted(ModelArgument.bundled()));
        train("whole");
        Path whole = folder.resolve("whole");
        Path killed = folder.resolve("killed");
        copy(whole.resolve("data"), killed.resolve("data"));
        copy(whole.resolve("state/step-3"), killed.resolve("state/step-3"));
        // killed while it saved step 6
        Path part = Files.createDirectories(killed.resolve("state/step-6.part"));
        Files.write(part.resolve("training.safetensors"), new byte[100]);
        List<String> lines = Files.readAllLines(whole.resolve("metrics.jsonl"));
        Files.writeString(killed.resolve("metrics.jsonl"), String.join("\n", lines.subList(0, 5)) + "\n" + lines.get(5).substring(0, 30));
        train("killed");
        assertEquals(9, curve("whole").size());
        assertEquals(curve("whole"), curve("killed"));
        assertTrue(curve("whole").getLast().contains("\"busiest_expert\":"), curve("whole").getLast());
        assertArrayEquals(Files.readAllBytes(whole.resolve("model.safetensors")), Files.readAllBytes(killed.resolve("model.safetensors")));
        assertFalse(Files.exists(part));
    }
}
