package dev.heddle.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.spec.SpecFile;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.checkpoint.tokenizer.Tokenizers;
import dev.heddle.checkpoint.zoo.Zoo;
import dev.heddle.core.backend.Backend;
import dev.heddle.train.DivergedException;
import dev.heddle.train.config.TrainConfig;
import dev.heddle.train.diagnose.FirstNotFinite;
import dev.heddle.train.run.Start;
import dev.heddle.train.run.TrainingRun;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `heddle train`: a training from a configuration file, from options, or from both.
@Command(name = "train", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Train a model. A run begun in a folder that holds a saved state goes on from there; Ctrl-C saves and stops.",
        footer = {"", "Examples:", "  heddle train examples/story.yaml",
            "  heddle train --model mamba-130m --tokenizer ./tokenizer.json --data corpus.jsonl --steps 1000 --output runs/first",
            "  heddle train --model examples/recall-hybrid.yaml --task mqar --pairs 4,8 --length 64 --steps 1000 --output runs/recall",
            "  heddle train examples/story.yaml --set optimizer.attention_rate=1e-3 --set batch=8"})
final class TrainCommand implements Callable<Integer> {
    @Spec
    CommandSpec spec;

    @Parameters(paramLabel = "CONFIG", arity = "0..1", description = "YAML or JSON file that describes the training")
    Path configFile;

    @Option(names = {"--model", "-m"}, paramLabel = "MODEL",
            description = "specification file, preset, or checkpoint whose weights to begin with")
    String model;

    @Option(names = "--tokenizer", paramLabel = "FILE", description = "tokenizer file or folder; default the checkpoint's own")
    String tokenizer;

    @Option(names = "--data", paramLabel = "FILE", description = "corpus: .txt, .jsonl (also .gz, .xz) or .parquet; repeatable")
    List<String> data = List.of();

    @Option(names = "--task", paramLabel = "TASK", description = "train on a made-up task instead of text: mqar (multi-query associative recall)")
    String task;

    @Option(names = "--pairs", paramLabel = "N", split = ",", description = "numbers of pairs of --task mqar, for example 4,8,16")
    List<Integer> pairs = List.of();

    @Option(names = "--teacher", paramLabel = "MODEL", description = "checkpoint to distil: the loss also pulls towards its distributions")
    String teacher;

    @Option(names = "--steps", paramLabel = "N", description = "steps of the first phase")
    Long steps;

    @Option(names = "--length", paramLabel = "N", description = "tokens of a sequence")
    Integer length;

    @Option(names = "--batch", paramLabel = "N", description = "sequences of a step")
    Integer batch;

    @Option(names = "--rate", paramLabel = "R", description = "peak learning rate")
    String rate;

    @Option(names = "--seed", paramLabel = "N", description = "of initialisation and data order")
    Long seed;

    @Option(names = {"--output", "-o"}, paramLabel = "DIR", description = "folder of the run")
    String output;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "any other key of the configuration, for example "
            + "optimizer.weight_decay=0.05; repeatable")
    Map<String, String> overrides = Map.of();

    @Mixin
    BackendOptions backendOptions;

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter err = spec.commandLine().getErr();
        TrainConfig config = config();
        Path base = configFile == null ? Path.of("") : configFile.toAbsolutePath().getParent();
        AtomicBoolean stopped = new AtomicBoolean();
        CountDownLatch done = new CountDownLatch(1);
        Thread hook = new Thread(() -> {
            stopped.set(true);
            try {
                done.await(5, TimeUnit.MINUTES);
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        });
        Runtime.getRuntime().addShutdownHook(hook);
        try (TrainingModel source = TrainingModel.open(config.model(), base);
                Backend backend = backendOptions.open(err);
                TrainingProgress progress = new TrainingProgress(err)) {
            if (config.task().isPresent()) {
                train(config, base, source, Optional.empty(), backend, progress, stopped);
            } else {
                Path file = Tokenizers.file(config.tokenizer().map(base::resolve).orElseGet(source::tokenizerFolder));
                try (Tokenizer loaded = Tokenizers.loadFile(file)) {
                    train(config, base, source, Optional.of(new TrainingRun.Text(loaded, file)), backend, progress, stopped);
                }
            }
            if (!stopped.get()) {
                spec.commandLine().getOut().println(base.resolve(config.output()));
            }
        } finally {
            done.countDown();
        }
        return stopped.get() ? 130 : 0;
    }

    private static void train(TrainConfig config, Path base, TrainingModel source, Optional<TrainingRun.Text> text, Backend backend,
            TrainingProgress progress, AtomicBoolean stopped) {
        Optional<Checkpoint> teacher = config.teacher().map(about -> TrainingModel.checkpoint(about.model(), base));
        try (TrainingRun run = new TrainingRun(config, base, source.start(), text, teacher.map(Checkpoint::model), backend, progress)) {
            train(run, backend, stopped);
        } finally {
            teacher.ifPresent(Checkpoint::close);
        }
    }

    private static void train(TrainingRun run, Backend backend, AtomicBoolean stopped) {
        try {
            run.run(stopped::get);
        } catch (DivergedException e) {
            throw new CheckpointException(e.getMessage() + FirstNotFinite.find(run.model(), backend, e.batches(), run.training(), e.step() - 1)
                    .map(found -> ": " + found).orElse("") + "; the last saved state is kept. Lower the learning rate, or warm up "
                    + "longer, and start the command again", e);
        }
    }

    /// The file's configuration with the options in it.
    private TrainConfig config() {
        if (configFile != null && !hasOptions()) {
            return TrainConfig.read(configFile);
        }
        ObjectNode json = configFile == null ? Json.object() : tree(configFile);
        put(json, "model", model);
        put(json, "tokenizer", tokenizer);
        put(json, "steps", steps);
        put(json, "length", length);
        put(json, "batch", batch);
        put(json, "seed", seed);
        put(json, "output", output);
        put(json, "optimizer.rate", rate);
        put(json, "teacher.model", teacher);
        put(json, "task.type", task);
        if (!pairs.isEmpty()) {
            put(json, "task.pairs", pairs);
        }
        if (!data.isEmpty()) {
            ArrayNode list = json.putArray("data");
            data.forEach(file -> list.addObject().put("file", file));
        }
        overrides.forEach((key, value) -> put(json, key, value));
        return SpecFile.record(TrainConfig.class, json.toString(), configFile == null ? "options" : configFile + " with options");
    }

    private boolean hasOptions() {
        return model != null || tokenizer != null || !data.isEmpty() || steps != null || length != null || batch != null
                || task != null || teacher != null || !pairs.isEmpty() || rate != null || seed != null || output != null || !overrides.isEmpty();
    }

    private static ObjectNode tree(Path file) {
        try {
            JsonNode node = new YAMLMapper().readTree(Files.readString(file));
            return Json.asObject(node, file.toString());
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    private static void put(ObjectNode json, String key, Object value) {
        if (value == null) {
            return;
        }
        ObjectNode place = json;
        String[] path = key.split("\\.");
        for (int i = 0; i < path.length - 1; i++) {
            JsonNode inner = place.get(path[i]);
            place = inner instanceof ObjectNode object ? object : place.putObject(path[i]);
        }
        JsonNode node = Json.mapper().valueToTree(value);
        if (value instanceof String text) {
            try {
                JsonNode parsed = new YAMLMapper().readTree(text);
                node = parsed == null || parsed.isMissingNode() ? node : parsed;
            } catch (IOException _) {
                // a plain word
            }
        }
        place.set(path[path.length - 1], node);
    }
}
