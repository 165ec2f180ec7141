package dev.heddle.train.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.spec.SpecFile;
import dev.heddle.checkpoint.template.ChatTemplate;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.checkpoint.tokenizer.TokenizerFiles;
import dev.heddle.checkpoint.weights.SafetensorsWriter;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.model.Model;
import dev.heddle.core.model.analysis.TrainingMemory;
import dev.heddle.core.pass.DropoutMask;
import dev.heddle.core.pass.Training;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.train.RouterBalance;
import dev.heddle.train.Teacher;
import dev.heddle.train.TrainableParameters;
import dev.heddle.train.Trainer;
import dev.heddle.train.TrainingException;
import dev.heddle.train.TrainingPass;
import dev.heddle.train.TrainingState;
import dev.heddle.train.adapt.Freezing;
import dev.heddle.train.adapt.LowRankAdapters;
import dev.heddle.train.config.DataConfig;
import dev.heddle.train.config.LoraConfig;
import dev.heddle.train.config.OptimizerConfig;
import dev.heddle.train.config.PhaseConfig;
import dev.heddle.train.config.TaskConfig;
import dev.heddle.train.config.TrainConfig;
import dev.heddle.train.data.BatchSource;
import dev.heddle.train.data.ConversationEncoder;
import dev.heddle.train.data.CorpusShards;
import dev.heddle.train.data.DocumentSource;
import dev.heddle.train.data.LaneSampler;
import dev.heddle.train.data.TokenShard;
import dev.heddle.train.initialize.Initialization;
import dev.heddle.train.optimize.Optimizer;
import dev.heddle.train.optimize.ParameterGroup;
import dev.heddle.train.optimize.Schedule;
import dev.heddle.train.recall.RecallSource;
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
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.LongConsumer;

/// A whole training as its configuration describes it: shards, model, phases, evaluation, saved states. Begun in a folder
/// that holds a saved state, it goes on from there.
public final class TrainingRun implements AutoCloseable {
    private final TrainConfig config;
    private final Start start;
    private final Optional<Text> text;
    private final Backend backend;
    private final RunFolder folder;
    private final RunListener listener;
    private final Path base;
    private final Model model;
    private final Optional<LowRankAdapters> adapters;
    private final Optimizer optimizer;
    private final Training training;
    private final TrainingPass pass;
    private final Optional<Teacher> taught;

    /// What turns text into tokens.
    ///
    /// @param file the tokenizer's main file; what lies beside it is copied to the run's checkpoints
    public record Text(Tokenizer tokenizer, Path file) {
    }

    /// @param base folder that relative paths of the configuration start from
    /// @param text empty only if the configuration has a task that is no text
    public TrainingRun(TrainConfig config, Path base, Start start, Optional<Text> text, Backend backend, RunListener listener) {
        this(config, base, start, text, Optional.empty(), backend, listener);
    }

    /// @param teacher the model that the configuration names as teacher; its weights stay open until this is closed
    public TrainingRun(TrainConfig config, Path base, Start start, Optional<Text> text, Optional<Model> teacher, Backend backend,
            RunListener listener) {
        this.config = config;
        this.base = base;
        this.start = start;
        this.text = text;
        this.backend = backend;
        this.listener = listener;
        int vocabulary = start.spec().vocabulary();
        text.filter(of -> of.tokenizer().size() > vocabulary).ifPresent(of -> {
            throw new TrainingException("the tokenizer has " + of.tokenizer().size() + " tokens, the model's vocabulary only " + vocabulary);
        });
        folder = new RunFolder(base.resolve(config.output()));
        TrainableParameters parameters = start.weights().map(weights -> new TrainableParameters(backend, weights))
                .orElseGet(() -> new TrainableParameters(backend));
        model = new Model(start.spec(), parameters);
        if (start.weights().isEmpty()) {
            new Initialization(config.seed()).apply(model, backend);
        }
        adapters = config.lora().map(this::adapters);
        optimizer = optimizer();
        training = Training.recomputing(config.recompute()).withDropout(new DropoutMask(config.dropout(), config.seed()))
                .withRouters(new Training.Routers(true, balanceLoss()));
        if (config.balanceRate() > 0 && choiceBiases().isEmpty()) {
            throw new TrainingException("balance_rate moves what routers add for their choice, and no router of this model adds "
                    + "anything; balance_loss works with every router");
        }
        pass = new TrainingPass(model, backend, config.batch(), config.carry(), training, new RouterBalance(backend, config.balanceRate()));
        taught = config.teacher().map(about -> new Teacher(teacher.orElseThrow(() -> new TrainingException("the teacher "
                + about.model() + " has not been opened")), backend, config.batch(), about.weight(), about.temperature()).requireVocabulary(vocabulary));
        taught.ifPresent(pass::withTeacher);
    }

    /// The configured factor, or the one published with the model.
    private double balanceLoss() {
        return config.balanceLoss().orElseGet(start::balanceLoss);
    }

    /// What routers add for their choice, by name; it changes only if it is balanced.
    private Map<String, Tensor> choiceBiases() {
        Map<String, Tensor> biases = new LinkedHashMap<>(model.buffers());
        biases.keySet().removeIf(name -> !name.endsWith(".router.choice_bias"));
        return biases;
    }

    /// What steps change beside the optimizer's moments.
    private Map<String, Tensor> changing() {
        Map<String, Tensor> changing = new LinkedHashMap<>(optimizer.parameters());
        if (config.balanceRate() > 0) {
            changing.putAll(choiceBiases());
        }
        return changing;
    }

    private LowRankAdapters adapters(LoraConfig lora) {
        if (start.weights().isEmpty()) {
            throw new TrainingException("lora needs a checkpoint to adapt; " + config.model() + " has no weights");
        }
        return new LowRankAdapters(lora, model, start.bindings(), start::shape, backend, config.seed());
    }

    private Optimizer optimizer() {
        OptimizerConfig about = config.optimizer();
        Optimizer.Settings settings = new Optimizer.Settings(about.beta1(), about.beta2(), about.epsilon(), about.clip());
        Function<String, Optional<ParameterGroup>> groups = Groups.of(model, about);
        Map<String, Tensor> parameters = new LinkedHashMap<>(model.parameters());
        if (adapters.isPresent()) {
            Map<String, String> adapted = adapters.get().adapted();
            parameters.putAll(adapters.get().parameters());
            return new Optimizer(backend, parameters, name -> Optional.ofNullable(adapted.get(name)).flatMap(groups), settings,
                    List.of(adapters.get()));
        }
        Set<String> frozen = Freezing.of(config.freeze(), parameters.keySet());
        return new Optimizer(backend, parameters, name -> frozen.contains(name) ? Optional.empty() : groups.apply(name), settings);
    }

    /// One phase: its data and how long its steps go.
    private record Phase(BatchSource sampler, Schedule schedule, long lastStep) {
    }

    /// How its passes differ from one that answers.
    public Training training() {
        return training;
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
        List<Phase> phases = config.task().map(task -> List.of(phase(task, tokens))).orElseGet(() -> phases(held, tokens));
        Evaluation evaluation = config.task().<Evaluation>map(this::evaluation)
                .orElseGet(() -> new TextEvaluation(held, config.length(), config.batch(), config.evaluateTokens()));
        long parameters = model.parameters().values().stream().mapToLong(Tensor::elements).sum();
        listener.started(parameters, tokens[0], evaluation.tokens());
        long trained = optimizer.parameters().values().stream().mapToLong(Tensor::elements).sum();
        listener.memory(4 * parameters + (TrainingMemory.PARAMETER_BYTES - 4) * trained,
                TrainingMemory.of(start.spec(), config.length(), config.batch(), training));
        OptionalLong last = folder.lastStep();
        String fingerprint = fingerprint();
        if (last.isPresent()) {
            Phase phase = phaseAt(phases, last.getAsLong());
            TrainingState.restore(folder.state(last.getAsLong()), backend, changing(), optimizer, phase.sampler(), pass,
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
            taught.flatMap(Teacher::lesson).ifPresent(lesson -> line.put("cross_entropy", lesson.crossEntropy())
                    .put("divergence", lesson.divergence()));
            step.routers().ifPresent(use -> line.put("balance_loss", use.balance()).put("busiest_expert", use.busiest()));
            boolean atEnd = step.step() == total;
            if (config.evaluateEvery() > 0 && (step.step() % config.evaluateEvery() == 0 || atEnd) && evaluation.tokens() > 0) {
                Evaluation.Result result = evaluation.measure(pass);
                line.put("validation_loss", result.loss());
                listener.evaluated(step.step(), result.loss());
                if (!result.accuracy().isEmpty()) {
                    result.accuracy().forEach((pairs, accuracy) -> line.put("accuracy_" + pairs + "_pairs", accuracy));
                    listener.recalled(step.step(), result.accuracy());
                }
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

    private Phase phase(TaskConfig task, long[] tokens) {
        return switch (task) {
            case TaskConfig.Mqar mqar -> {
                if (mqar.vocabulary() > start.spec().vocabulary()) {
                    throw new TrainingException("the task has " + mqar.vocabulary() + " tokens, the model's vocabulary only "
                            + start.spec().vocabulary());
                }
                tokens[0] = mqar.examples() * config.length();
                yield new Phase(new RecallSource(mqar.of(config.length(), start.spec().vocabulary()), config.batch(), mqar.examples(), 2 * config.seed()),
                        config.schedule().over(config.steps()), config.steps());
            }
        };
    }

    private Evaluation evaluation(TaskConfig task) {
        return switch (task) {
            case TaskConfig.Mqar mqar -> new RecallEvaluation(mqar.of(config.length(), start.spec().vocabulary()), 2 * config.seed() + 1, config.evaluateTokens());
        };
    }

    private List<Phase> phases(List<TokenShard> held, long[] tokens) {
        Text of = text.orElseThrow(() -> new TrainingException("a training on text needs a tokenizer"));
        CorpusShards shards = new CorpusShards(folder.shards(), of.tokenizer(), start.spec().vocabulary(), of.file());
        Map<DataConfig, CorpusShards.Split> splits = new HashMap<>();
        List<List<DataConfig>> mixtures = new ArrayList<>(List.of(config.data()));
        config.anneal().map(PhaseConfig::data).ifPresent(mixtures::add);
        double heldOut = config.validation().isPresent() ? 0 : config.heldOut();
        for (List<DataConfig> mixture : mixtures) {
            for (DataConfig data : mixture) {
                splits.computeIfAbsent(data, d -> split(shards, of, d, heldOut));
            }
        }
        config.data().stream().distinct().forEach(data -> held.add(splits.get(data).validation()));
        config.validation().ifPresent(data -> {
            held.clear();
            held.add(split(shards, of, data, 0).train());
        });
        tokens[0] = splits.values().stream().mapToLong(split -> split.train().tokens()).sum();
        Schedule first = config.schedule().over(config.steps());
        List<Phase> phases = new ArrayList<>(List.of(new Phase(sampler(config.data(), splits, config.seed()), first, config.steps())));
        config.anneal().ifPresent(anneal -> phases.add(new Phase(sampler(anneal.data(), splits, config.seed() + 1),
                first.then(anneal.schedule().over(anneal.steps())), config.steps() + anneal.steps())));
        return phases;
    }

    private CorpusShards.Split split(CorpusShards shards, Text of, DataConfig data, double heldOut) {
        DocumentSource source = new DocumentSource(base.resolve(data.file()), data.fieldName());
        LongConsumer progress = count -> listener.tokenizing(data.file(), count);
        if (!data.chat()) {
            return shards.of(source, heldOut, progress);
        }
        Path beside = of.file().toAbsolutePath().getParent();
        ChatTemplate template = ChatTemplate.load(beside).orElseThrow(() -> new TrainingException(data.file()
                + ": conversations need a chat template, and there is none beside the tokenizer in " + beside));
        return shards.conversations(source, new ConversationEncoder(template, of.tokenizer()),
                ChatTemplate.sources(beside).toString(), heldOut, progress);
    }

    private LaneSampler sampler(List<DataConfig> mixture, Map<DataConfig, CorpusShards.Split> splits, long seed) {
        return new LaneSampler(mixture.stream().map(data -> new LaneSampler.Source(splits.get(data).train(), data.weight()))
                .toList(), config.batch(), seed);
    }

    /// What must be the same for a saved state to fit: everything but where the run lies and how often it reports.
    private String fingerprint() {
        return SpecFile.json(start.spec()) + " " + config.task().map(Object::toString).orElse("") + config.data() + config.validation() + config.heldOut() + config.steps()
                + config.schedule() + config.anneal() + config.length() + " " + config.batch() + " " + config.accumulate() + " "
                + config.carry() + config.seed() + config.optimizer() + config.lora() + config.freeze()
                + config.teacher().map(Object::toString).orElse("")
                + (config.dropout() == 0 ? "" : "dropout " + config.dropout() + " ")
                + (balanceLoss() == 0 ? "" : "balance " + balanceLoss() + " ")
                + (config.balanceRate() == 0 ? "" : "biases " + config.balanceRate() + " ")
                + (config.lora().isPresent() || !config.freeze().isEmpty() ? config.model() : "");
    }

    private void save(Phase phase, String fingerprint) {
        folder.save(optimizer.step(), config.keep(), place -> TrainingState.save(place, backend, changing(), optimizer,
                phase.sampler(), pass, fingerprint));
        adapters.ifPresent(this::saveAdapter);
        if (config.lora().map(LoraConfig::merge).orElse(true)) {
            saveModel();
        }
        listener.saved(optimizer.step());
    }

    private void saveAdapter(LowRankAdapters trained) {
        try (Arena arena = Arena.ofConfined()) {
            trained.adapter(arena, config.model()).write(folder.adapter(), trained.linearModules());
        }
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
            if (text.isPresent()) {
                TokenizerFiles.copy(text.get().file(), folder.model());
            }
        } catch (IOException e) {
            throw new TrainingException(folder.model() + ": the model cannot be written (" + e.getMessage() + ")", e);
        }
    }

    private static void write(Path file, String text) throws IOException {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        Files.writeString(part, text);
        Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void close() {
        pass.close();
        optimizer.close();
        adapters.ifPresent(LowRankAdapters::close);
    }
}
