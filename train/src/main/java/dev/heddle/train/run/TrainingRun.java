package dev.heddle.train.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.spec.SpecFile;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.checkpoint.weights.SafetensorsWriter;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.model.Model;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.train.TrainableParameters;
import dev.heddle.train.Trainer;
import dev.heddle.train.TrainingException;
import dev.heddle.train.TrainingPass;
import dev.heddle.train.TrainingState;
import dev.heddle.train.config.DataConfig;
import dev.heddle.train.config.PhaseConfig;
import dev.heddle.train.config.TrainConfig;
import dev.heddle.train.data.CorpusShards;
import dev.heddle.train.data.DocumentSource;
import dev.heddle.train.data.LaneSampler;
import dev.heddle.train.data.TokenShard;
import dev.heddle.train.initialize.Initialization;
import dev.heddle.train.optimize.Optimizer;
import dev.heddle.train.optimize.Schedule;
import dev.heddle.train.report.RunMetrics;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/// A whole training as its configuration describes it: shards, model, phases, evaluation, saved states. Begun in a folder
/// that holds a saved state, it goes on from there.
public final class TrainingRun implements AutoCloseable {
    private final TrainConfig config;
    private final Start start;
    private final Tokenizer tokenizer;
    private final Path tokenizerFile;
    private final Backend backend;
    private final RunFolder folder;
    private final RunListener listener;
    private final Path base;
    private final Model model;
    private final Optimizer optimizer;
    private final TrainingPass pass;

    /// @param base          folder that relative paths of the configuration start from
    /// @param tokenizerFile the tokenizer's main file; what lies beside it is copied to the run's checkpoints
    public TrainingRun(TrainConfig config, Path base, Start start, Tokenizer tokenizer, Path tokenizerFile, Backend backend,
            RunListener listener) {
        this.config = config;
        this.base = base;
        this.start = start;
        this.tokenizer = tokenizer;
        this.tokenizerFile = tokenizerFile;
        this.backend = backend;
        this.listener = listener;
        if (tokenizer.size() > start.spec().vocabulary()) {
            throw new TrainingException("the tokenizer has " + tokenizer.size() + " tokens, the model's vocabulary only "
                    + start.spec().vocabulary());
        }
        folder = new RunFolder(base.resolve(config.output()));
        TrainableParameters parameters = start.weights().map(weights -> new TrainableParameters(backend, weights))
                .orElseGet(() -> new TrainableParameters(backend));
        model = new Model(start.spec(), parameters);
        if (start.weights().isEmpty()) {
            new Initialization(config.seed()).apply(model, backend);
        }
        optimizer = new Optimizer(backend, model.parameters(), Groups.of(model, config.optimizer()),
                new Optimizer.Settings(config.optimizer().beta1(), config.optimizer().beta2(), config.optimizer().epsilon(),
                        config.optimizer().clip()));
        pass = new TrainingPass(model, backend, config.batch(), config.carry());
    }

    /// One phase: its data and how long its steps go.
    private record Phase(LaneSampler sampler, Schedule schedule, long lastStep) {
    }

    public Model model() {
        return model;
    }

    /// Trains to the end, or until asked to stop; then, and whenever the configuration says so, everything is saved.
    ///
    /// @param stop asked before each step
    public void run(BooleanSupplier stop) {
        List<TokenShard> held = new ArrayList<>();
        long[] tokens = new long[1];
        List<Phase> phases = phases(held, tokens);
        Evaluation evaluation = new Evaluation(held, config.length(), config.batch(), config.evaluateTokens());
        long parameters = model.parameters().values().stream().mapToLong(Tensor::elements).sum();
        listener.started(parameters, tokens[0], evaluation.tokens());
        OptionalLong last = folder.lastStep();
        String fingerprint = fingerprint();
        if (last.isPresent()) {
            Phase phase = phaseAt(phases, last.getAsLong());
            TrainingState.restore(folder.state(last.getAsLong()), backend, model.parameters(), optimizer, phase.sampler(), pass,
                    fingerprint);
            listener.resumed(last.getAsLong());
        }
        try (RunRecord record = new RunRecord(folder.model(), config, start.spec(), optimizer.step())) {
            for (Phase phase : phases) {
                if (optimizer.step() < phase.lastStep()) {
                    run(phase, phases.getLast().lastStep(), evaluation, record, fingerprint, stop);
                }
            }
        }
        if (folder.lastStep().isEmpty() || folder.lastStep().getAsLong() != optimizer.step()) {
            save(phaseAt(phases, optimizer.step()), fingerprint);
        }
    }

    private static Phase phaseAt(List<Phase> phases, long step) {
        return phases.stream().filter(phase -> step <= phase.lastStep()).findFirst().orElse(phases.getLast());
    }

    private void run(Phase phase, long total, Evaluation evaluation, RunRecord record, String fingerprint,
            BooleanSupplier stop) {
        Trainer trainer = new Trainer(new Trainer.Settings(config.length(), config.accumulate()), phase.sampler(), pass, optimizer,
                phase.schedule());
        trainer.run(step -> {
            ObjectNode line = Json.object().put("step", step.step()).put("loss", step.loss()).put("gradient_norm", step.norm())
                    .put("rate", step.factor() * config.optimizer().rate())
                    .put("recurrent_rate", step.factor() * config.optimizer().recurrentRate())
                    .put("attention_rate", step.factor() * config.optimizer().attentionRate())
                    .put("tokens", step.step() * step.tokens()).put("tokens_per_second", step.tokens() / step.seconds());
            boolean atEnd = step.step() == total;
            if (config.evaluateEvery() > 0 && (step.step() % config.evaluateEvery() == 0 || atEnd) && evaluation.tokens() > 0) {
                double loss = evaluation.loss(pass);
                line.put("validation_loss", loss);
                listener.evaluated(step.step(), loss);
            }
            record.add(line);
            listener.step(step, total);
            boolean saves = atEnd || config.checkpointEvery() > 0 && step.step() % config.checkpointEvery() == 0;
            if (saves) {
                save(phase, fingerprint);
            }
            if (saves || line.has(RunMetrics.VALIDATION)) {
                record.draw();
            }
        }, stop);
    }

    private List<Phase> phases(List<TokenShard> held, long[] tokens) {
        CorpusShards shards = new CorpusShards(folder.shards(), tokenizer, start.spec().vocabulary(), tokenizerFile);
        Map<DataConfig, CorpusShards.Split> splits = new HashMap<>();
        List<List<DataConfig>> mixtures = new ArrayList<>(List.of(config.data()));
        config.anneal().map(PhaseConfig::data).ifPresent(mixtures::add);
        double heldOut = config.validation().isPresent() ? 0 : config.heldOut();
        for (List<DataConfig> mixture : mixtures) {
            for (DataConfig data : mixture) {
                splits.computeIfAbsent(data, d -> shards.of(source(d), heldOut, count -> listener.tokenizing(d.file(), count)));
            }
        }
        config.data().stream().distinct().forEach(data -> held.add(splits.get(data).validation()));
        config.validation().ifPresent(data -> {
            held.clear();
            held.add(shards.of(source(data), 0, count -> listener.tokenizing(data.file(), count)).train());
        });
        tokens[0] = splits.values().stream().mapToLong(split -> split.train().tokens()).sum();
        Schedule first = config.schedule().over(config.steps());
        List<Phase> phases = new ArrayList<>(List.of(new Phase(sampler(config.data(), splits, config.seed()), first, config.steps())));
        config.anneal().ifPresent(anneal -> phases.add(new Phase(sampler(anneal.data(), splits, config.seed() + 1),
                first.then(anneal.schedule().over(anneal.steps())), config.steps() + anneal.steps())));
        return phases;
    }

    private DocumentSource source(DataConfig data) {
        return new DocumentSource(base.resolve(data.file()), data.field());
    }

    private LaneSampler sampler(List<DataConfig> mixture, Map<DataConfig, CorpusShards.Split> splits, long seed) {
        return new LaneSampler(mixture.stream().map(data -> new LaneSampler.Source(splits.get(data).train(), data.weight()))
                .toList(), config.batch(), seed);
    }

    /// What must be the same for a saved state to fit: everything but where the run lies and how often it reports.
    private String fingerprint() {
        return SpecFile.json(start.spec()) + " " + config.data() + config.validation() + config.heldOut() + config.steps()
                + config.schedule() + config.anneal() + config.length() + " " + config.batch() + " " + config.accumulate() + " "
                + config.carry() + config.seed() + config.optimizer();
    }

    private void save(Phase phase, String fingerprint) {
        folder.save(optimizer.step(), config.keep(), place -> TrainingState.save(place, backend, model.parameters(), optimizer,
                phase.sampler(), pass, fingerprint));
        saveModel();
        listener.saved(optimizer.step());
    }

    /// The model as a checkpoint that every reader of its family loads.
    private void saveModel() {
        try (Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> host = new LinkedHashMap<>();
            model.parameters().forEach((name, tensor) -> host.put(name, Tensor.of(arena, backend.read(tensor), tensor.shape())));
            model.buffers().forEach((name, tensor) -> host.put(name, Tensor.of(arena, backend.read(tensor), tensor.shape())));
            SafetensorsWriter.write(folder.model().resolve("model.safetensors"), start.published(arena, host),
                    Map.of("format", "pt"));
            write(folder.model().resolve("config.json"), Json.pretty(start.config()));
            copyTokenizer();
        } catch (IOException e) {
            throw new TrainingException(folder.model() + ": the model cannot be written (" + e.getMessage() + ")", e);
        }
    }

    private static void write(Path file, String text) throws IOException {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        Files.writeString(part, text);
        Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
    }

    /// The tokenizer's file and the settings beside it.
    private void copyTokenizer() throws IOException {
        Path parent = tokenizerFile.toAbsolutePath().getParent();
        try (Stream<Path> beside = Files.list(parent)) {
            for (Path file : beside.toList()) {
                String name = file.getFileName().toString();
                if (file.equals(tokenizerFile.toAbsolutePath()) || name.matches("(tokenizer_config|special_tokens_map|added_tokens|generation_config)\\.json|chat_template\\.jinja")) {
                    Path target = folder.model().resolve(name);
                    if (!Files.exists(target)) {
                        Files.copy(file, target);
                    }
                }
            }
        }
    }

    @Override
    public void close() {
        pass.close();
        optimizer.close();
    }
}
