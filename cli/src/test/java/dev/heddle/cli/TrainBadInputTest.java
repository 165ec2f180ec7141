package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Trainings that cannot begin or go on say why in one line, and keep what they had.
class TrainBadInputTest {
    private static final String MODEL = """
            name: tiny
            family: heddle
            vocabulary: 4096
            width: 16
            define:
              norm: {kind: rms, epsilon: 1e-5}
              A: {type: residual, pre_norm: norm, body: {type: attention, heads: 2, head_dim: 8, position: none}}
              F: {type: residual, pre_norm: norm, body: {type: gated_mlp, inner: 16}}
            blocks: {pattern: AF}
            final_norm: norm
            head: {tied: true}
            """;

    private static final String TRAINING = """
            model: model.yaml
            tokenizer: %s
            data: [{file: corpus.txt}]
            steps: 4
            schedule: {type: constant}
            length: 8
            batch: 2
            held_out: 0
            checkpoint_every: 1
            output: run
            """;

    @TempDir
    Path folder;

    private Path training;

    @BeforeEach
    void usual() throws IOException {
        Files.writeString(folder.resolve("model.yaml"), MODEL);
        Files.writeString(folder.resolve("corpus.txt"), "Once upon a time there was a fox. ".repeat(20));
        training = Files.writeString(folder.resolve("training.yaml"), TRAINING.formatted(ModelArgument.bundled()));
    }

    private CommandLineRun train(String... options) {
        return CommandLineRun.of(Stream.concat(Stream.of("train", training.toString()), Stream.of(options)).toArray(String[]::new));
    }

    /// Exit code 1 and one line beside what the training tells on its way.
    private String refused(String... options) {
        CommandLineRun run = train(options);
        assertEquals(1, run.code(), run.err());
        List<String> errors = run.errors().stream().filter(line -> !line.matches("heddle: (\\d|a step takes|goes on after).*|step \\d.*|saved .*|.*tokens")).toList();
        assertEquals(1, errors.size(), run.err());
        assertFalse(run.err().contains("internal error") || run.err().contains("\tat "), run.err());
        return errors.getFirst();
    }

    private static void says(String message, String... words) {
        for (String word : words) {
            assertTrue(message.contains(word), () -> "\"" + word + "\" is missing in: " + message);
        }
    }

    private void change(Path file, String from, String to) throws IOException {
        String text = Files.readString(file);
        assertTrue(text.contains(from), from);
        Files.writeString(file, text.replace(from, to));
    }

    @Test
    void theUsualTrainingRuns() {
        assertEquals(0, train().code());
    }

    @Test
    void anUnknownKeyIsNamedWithItsLine() throws IOException {
        change(training, "length: 8", "lenght: 8");
        says(refused(), "training.yaml:6:9", "lenght", "length");
    }

    @Test
    void valuesThatMeanNothingAreNamed() throws IOException {
        says(refused("--set", "dropout=1"), "dropout", "[0, 1)");
        says(refused("--set", "balance_rate=0.001"), "balance_rate", "no router");
        says(refused("--set", "steps=0"), "steps", "positive");
        says(refused("--set", "batch=many"), "batch", "many");
    }

    @Test
    void shapesThatDoNotFitAreNamed() throws IOException {
        change(folder.resolve("model.yaml"), "heads: 2", "heads: 3, kv_heads: 2");
        says(refused(), "model.yaml", "heads");
        Files.writeString(folder.resolve("model.yaml"), MODEL.replace("vocabulary: 4096", "vocabulary: 100"));
        says(refused(), "tokenizer has 4096 tokens", "100");
    }

    @Test
    void aCheckpointWhoseTensorsDoNotFitItsConfigurationIsRefused() throws IOException {
        Path model = Files.createDirectory(folder.resolve("checkpoint"));
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.copy(ModelArgument.bundled().resolve(name), model.resolve(name));
        }
        String config = Files.readString(model.resolve("config.json"));
        Files.writeString(model.resolve("config.json"), config.replaceFirst("\"intermediate_size\": *(\\d+)", "\"intermediate_size\": 8"));
        says(refused("--model", model.toString()), "checkpoint", "[", "expected");
    }

    @Test
    void corporaThatAreNoneAreRefused() throws IOException {
        Path corpus = folder.resolve("corpus.txt");
        Files.write(corpus, new byte[0]);
        says(refused(), "corpus.txt", "no document to learn from");
        Files.writeString(corpus, " \n\n ");
        says(refused(), "corpus.txt", "no document to learn from");
        byte[] noise = new byte[5000];
        new Random(1).nextBytes(noise);
        Files.write(corpus, noise);
        says(refused(), "corpus.txt", "not UTF-8");
        Files.delete(corpus);
        says(refused(), "corpus.txt", "no such corpus file");
        Files.createDirectory(corpus);
        says(refused(), "corpus.txt", "is no file");
        Files.writeString(folder.resolve("corpus.jsonl"), "{\"text\": \"good\"}\n{\"text\": 3}\n");
        says(refused("--data", folder.resolve("corpus.jsonl").toString()), "corpus.jsonl, line 2", "text");
        Files.writeString(folder.resolve("corpus.jsonl"), "{\"text\": \"good\"}\n{\"text\": \"cut");
        says(refused("--data", folder.resolve("corpus.jsonl").toString()), "corpus.jsonl, line 2");
        says(refused("--data", Files.writeString(folder.resolve("corpus.doc"), "text").toString()), "corpus.doc", "unknown kind");
        assertFalse(Files.exists(folder.resolve("run/model.safetensors")));
    }

    @Test
    void damagedArchivesAreRefused() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write("A story of a fox. ".repeat(3000).getBytes());
        }
        byte[] whole = bytes.toByteArray();
        Path cut = Files.write(folder.resolve("cut.txt.gz"), Arrays.copyOf(whole, whole.length / 2));
        says(refused("--data", cut.toString()), "cut.txt.gz", "cannot be read");
        Path none = Files.writeString(folder.resolve("none.txt.xz"), "no archive");
        says(refused("--data", none.toString()), "none.txt.xz", "cannot be read");
        Path table = Files.writeString(folder.resolve("none.parquet"), "no table, and too short for one");
        says(refused("--data", table.toString()), "none.parquet", "cannot be read");
    }

    @Test
    void aFolderOfAnotherTrainingIsLeftAsItWas() throws IOException {
        assertEquals(0, train().code());
        byte[] model = Files.readAllBytes(folder.resolve("run/model.safetensors"));
        String metrics = Files.readString(folder.resolve("run/metrics.jsonl"));
        says(refused("--set", "length=16"), "step-4", "another model, data or settings", "another folder");
        change(folder.resolve("model.yaml"), "inner: 16", "inner: 32");
        says(refused(), "step-4", "another model, data or settings");
        assertArrayEquals(model, Files.readAllBytes(folder.resolve("run/model.safetensors")));
        assertEquals(metrics, Files.readString(folder.resolve("run/metrics.jsonl")));
    }

    @Test
    void aRunawayNamesTheOperationAndKeepsTheLastGoodState() throws IOException {
        change(training, "steps: 4", "steps: 12\noptimizer: {rate: 1e20, clip: 0}");
        String said = refused();
        says(said, "is not finite", "gave a number that is not finite", "working with ", "the last saved state is kept");
        try (Stream<Path> states = Files.list(folder.resolve("run/state"))) {
            assertTrue(states.allMatch(state -> state.getFileName().toString().matches("step-\\d+")));
        }
        assertTrue(Files.exists(folder.resolve("run/state/step-1")), said);
    }

    @Test
    void aFolderThatCannotBeMadeIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("blocked"), "a file");
        says(refused("--output", file.resolve("run").toString()), "blocked", "cannot be made");
        says(refused("--output", file.toString()), "blocked", "cannot be made");
    }
}
