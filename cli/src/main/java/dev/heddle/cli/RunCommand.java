package dev.heddle.cli;

import dev.heddle.AnswerOptions;
import dev.heddle.HeddleModel;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.template.ChatTemplate;
import dev.heddle.checkpoint.template.Message;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.checkpoint.tokenizer.Tokenizers;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.state.SequenceState;
import dev.heddle.engine.GenerationDefaults;
import dev.heddle.engine.GenerationOptions;
import dev.heddle.engine.Generator;
import dev.heddle.engine.LanguageModel;
import dev.heddle.engine.serve.SchedulerOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `heddle run`: continues a prompt, or talks.
@Command(name = "run", mixinStandardHelpOptions = true,
        description = "Continue a prompt, or start an interactive session without one.",
        footer = {"", "A lone argument is a MODEL if it exists, is a preset, or has the form owner/name;",
            "otherwise it is the prompt.", "",
            "Example: heddle run ./falcon-h1-0.5b \"Why is the sky blue?\" -n 200 --temp 0.7"})
final class RunCommand implements Callable<Integer> {
    /// Tokens in which a sentence usually comes to its end.
    private static final int SENTENCE = 64;
    /// Bytes of kept states of all sessions.
    private static final long SESSION_STATES = 4L << 30;

    @Spec
    CommandSpec spec;

    @Parameters(paramLabel = "[MODEL] [PROMPT]", arity = "0..2", description = "the model (default the bundled one) and the prompt")
    List<String> arguments = new ArrayList<>();

    @Option(names = {"-p", "--prompt"}, paramLabel = "TEXT", description = "the prompt")
    String prompt;

    @Option(names = {"-n", "--n-predict"}, paramLabel = "N",
            description = "tokens to generate at most; -1 until the model ends; default what the model recommends, else -1")
    Integer maxTokens;

    @Option(names = {"-c", "--ctx-size"}, paramLabel = "N",
            description = "positions a sequence may reach; default what the model was made for, 0 for no limit")
    Integer context;

    @Option(names = "--stop", paramLabel = "TEXT", description = "end the generation before this text (repeatable)")
    List<String> stop = new ArrayList<>();

    @Option(names = "--ignore-eos", description = "go on past the model's end-of-sequence token")
    boolean ignoreEnd;

    @Option(names = "--adapter", paramLabel = "DIR", description = "apply the LoRA adapter (PEFT format) in this folder")
    Path adapter;

    @Option(names = "--session", paramLabel = "NAME",
            description = "keep the conversation under this name and go on with it the next time; 'heddle sessions' lists them")
    String session;

    @Option(names = "--raw", description = "do not use the chat template")
    boolean raw;

    @Option(names = "--system", paramLabel = "TEXT", description = "system message of the chat")
    String system;

    @Option(names = "--echo", description = "print the prompt first")
    boolean echo;

    @Option(names = "--stats", description = "end with speed and memory")
    boolean stats;

    @Mixin
    SamplingFlags sampling;

    @Mixin
    StateOptions stateOptions;

    @Mixin
    BackendOptions backendOptions;

    @Override
    public Integer call() throws IOException {
        ModelArgument.requireAtMostTwo(arguments);
        String model = "";
        Optional<String> text = Optional.ofNullable(prompt);
        if (arguments.size() == 2) {
            if (text.isPresent()) {
                throw new UsageException("the prompt is given twice, by -p and as an argument");
            }
            model = arguments.get(0);
            text = Optional.of(arguments.get(1));
        } else if (arguments.size() == 1) {
            boolean isModel = text.isPresent() || ModelArgument.isModel(arguments.getFirst());
            model = isModel ? arguments.getFirst() : "";
            text = isModel ? text : Optional.of(arguments.getFirst());
        }
        if (text.isEmpty() && !Output.isTerminal()) {
            String input = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
            text = Optional.of(input.endsWith("\n") ? input.substring(0, input.length() - 1) : input);
        }
        PrintWriter err = spec.commandLine().getErr();
        Optional<SessionFile> saved = Optional.ofNullable(session).map(SessionFile::of);
        if (model.isEmpty() && saved.isPresent() && saved.get().exists()) {
            model = saved.get().model();
        }
        Path file = ModelArgument.folder(model);
        if (model.isEmpty()) {
            err.println("heddle: this is a small demonstration model; 'heddle run owner/name \"…\"' downloads and runs a real one");
            err.flush();
        }
        if (saved.isPresent()) {
            goOn(saved.get(), file, text, err);
            return 0;
        }
        try (Meanwhile<Backend> starting = Meanwhile.making(() -> backendOptions.open(err), Backend::close);
                Checkpoint checkpoint = open(file);
                Meanwhile<Tokenizer> reading = Meanwhile.making(() -> Tokenizers.load(checkpoint.folder()), Tokenizer::close);
                LanguageModel language = LanguageModel.load(checkpoint, starting.get(), stateOptions.types())) {
            Tokenizer tokenizer = reading.get();
            int limit = context != null ? context : language.model().states().keyValues().isEmpty() ? 0
                    : language.spec().context();
            Path folder = checkpoint.folder();
            GenerationOptions options = options(GenerationDefaults.read(folder), limit);
            Optional<ChatTemplate> template = raw ? Optional.empty() : ChatTemplate.load(folder);
            if (system != null && template.isEmpty()) {
                throw new UsageException("--system needs a model with a chat template");
            }
            if (text.isPresent()) {
                complete(language, tokenizer, template, options, text.get());
            } else {
                try (Dialogue dialogue = new LiveDialogue(language, tokenizer, template, Optional.ofNullable(system), options)) {
                    new InteractiveSession(dialogue).run();
                }
            }
        }
        return 0;
    }

    /// One turn of a saved conversation, or as many as the user likes.
    private void goOn(SessionFile saved, Path file, Optional<String> text, PrintWriter err) throws IOException {
        if (ignoreEnd || raw) {
            throw new UsageException("--session goes with neither --ignore-eos nor --raw");
        }
        SchedulerOptions places = SchedulerOptions.DEFAULT.withParallel(1).withContext(context == null ? 0 : context)
                .withCacheFolder(SessionFile.states(), SESSION_STATES);
        try (HeddleModel model = dev.heddle.Heddle.open(open(file), backendOptions.open(err), places, stateOptions.types())) {
            if (system != null && model.template().isEmpty()) {
                throw new UsageException("--system needs a model with a chat template");
            }
            AnswerOptions defaults = model.defaults();
            AnswerOptions options = new AnswerOptions(sampling.options(defaults.sampling()), sampling.seed(),
                    maxTokens == null ? defaults.maxTokens() : maxTokens, Stream.concat(stop.stream(), defaults.stop().stream()).toList());
            try (Dialogue dialogue = new SavedDialogue(model, file, saved, Optional.ofNullable(system), options)) {
                if (text.isEmpty()) {
                    new InteractiveSession(dialogue).run();
                    return;
                }
                PrintWriter out = spec.commandLine().getOut();
                if (echo) {
                    out.print(text.get());
                }
                dialogue.answer(text.get(), piece -> {
                    out.print(piece);
                    out.flush();
                    if (out.checkError()) {
                        dialogue.stop();
                    }
                });
                out.println();
                out.flush();
                if (stats) {
                    err.println(dialogue.statistics());
                }
                err.flush();
            }
        }
    }

    private Checkpoint open(Path file) {
        Checkpoint checkpoint = Checkpoint.open(file);
        if (adapter == null) {
            return checkpoint;
        }
        try {
            return checkpoint.adapted(adapter);
        } catch (CheckpointException e) {
            checkpoint.close();
            throw e;
        }
    }

    /// The length a model recommends is no limit anyone asked for, so there a sentence may be finished.
    private GenerationOptions options(GenerationDefaults defaults, int limit) {
        int tokens = maxTokens != null ? maxTokens : defaults.maxTokens().orElse(-1);
        int grace = maxTokens == null && tokens > 0 ? SENTENCE : 0;
        List<String> stops = Stream.concat(stop.stream(), defaults.stop().stream()).toList();
        try {
            return new GenerationOptions(sampling.options(defaults.sampling()), sampling.seed(), tokens, grace, limit, stops, ignoreEnd);
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    private void complete(LanguageModel language, Tokenizer tokenizer, Optional<ChatTemplate> template,
            GenerationOptions options, String text) {
        PrintWriter out = spec.commandLine().getOut();
        int[] ids;
        if (template.isPresent()) {
            List<Message> messages = new ArrayList<>();
            if (system != null) {
                messages.add(Message.of("system", system));
            }
            messages.add(Message.of("user", text));
            ids = tokenizer.encode(template.get().render(messages, List.of(), true, Map.of()), false);
        } else {
            ids = tokenizer.encode(text, true);
        }
        if (echo) {
            out.print(Output.isTerminal() ? "\u001b[2m" + text + "\u001b[0m" : text);
            out.flush();
        }
        try (SequenceState sequence = language.open()) {
            Generator.Result result = new Generator(language, tokenizer).generate(sequence, ids, options, piece -> {
                out.print(piece);
                out.flush();
            }, out::checkError);
            out.println();
            out.flush();
            PrintWriter err = spec.commandLine().getErr();
            if (result.end() == Generator.End.CONTEXT_FULL) {
                err.println("heddle: stopped, the context of " + options.context() + " tokens is full (-c changes it)");
            }
            if (stats) {
                err.println(Statistics.of(language, sequence, result));
            }
            err.flush();
        }
    }
}
