package dev.heddle.cli;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.template.ChatTemplate;
import dev.heddle.checkpoint.tokenizer.Tokenizers;
import dev.heddle.core.backend.Backend;
import dev.heddle.engine.GenerationDefaults;
import dev.heddle.engine.LanguageModel;
import dev.heddle.engine.serve.SchedulerOptions;
import dev.heddle.engine.serve.WarmUp;
import dev.heddle.server.HeddleServer;
import dev.heddle.server.http.ServerOptions;
import dev.heddle.server.model.ServedModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `heddle serve`: models over HTTP until it is stopped.
@Command(name = "serve", mixinStandardHelpOptions = true,
        description = "Serve models over HTTP with OpenAI's API, and a page to talk and look inside.",
        footer = {"", "A model is asked for by its folder's name or hub id; NAME=MODEL gives it another.",
            "Ctrl-C or SIGTERM lets running answers finish.", "",
            "Example: heddle serve ./falcon-h1-0.5b small=./mamba2-130m --parallel 8 --memory 4G"})
final class ServeCommand implements Callable<Integer> {
    /// Keeps the HTTP library's announcements off the screen; loggers are forgotten unless someone holds them.
    private static final Logger LIBRARY = Logger.getLogger("io.helidon");

    @Spec
    CommandSpec spec;

    @Parameters(paramLabel = "[NAME=]MODEL", arity = "0..*", description = "models; default the bundled one")
    List<String> arguments = new ArrayList<>();

    @Option(names = "--host", paramLabel = "ADDRESS", defaultValue = "127.0.0.1",
            description = "address to listen on; any but this machine's own needs a key; default ${DEFAULT-VALUE}")
    String host;

    @Option(names = "--port", paramLabel = "N", defaultValue = "8080", description = "port; 0 for any free one; default ${DEFAULT-VALUE}")
    int port;

    @Option(names = "--api-key", paramLabel = "KEY",
            description = "what clients must send; better in the environment variable HEDDLE_API_KEY, which other users do not see")
    String apiKey;

    @Option(names = "--cors", paramLabel = "ORIGIN", split = ",",
            description = "web origins whose pages may use the API, http://host:port or *; default none")
    List<String> origins = new ArrayList<>();

    @Option(names = {"-c", "--ctx", "--ctx-size"}, paramLabel = "N", defaultValue = "0",
            description = "positions a sequence may reach; default what the model was made for")
    int context;

    @Option(names = "--parallel", paramLabel = "N", defaultValue = "16", description = "answers at a time for each model; default ${DEFAULT-VALUE}")
    int parallel;

    @Option(names = "--queue", paramLabel = "N", defaultValue = "128",
            description = "requests that may wait for a place before more are refused; default ${DEFAULT-VALUE}")
    int queue;

    @Option(names = "--memory", paramLabel = "BYTES", converter = ByteCount.class, defaultValue = "4G",
            description = "for states, keys and values, and the cache, of all models together; default ${DEFAULT-VALUE}")
    long memory;

    @Option(names = "--cache", paramLabel = "BYTES", converter = ByteCount.class,
            description = "of the memory, what the prefix cache may hold; default a quarter, 0 for none")
    Long cache;

    @Option(names = "--cache-dir", paramLabel = "DIR", description = "keep the prefix cache in this folder too, so that a restart loses nothing")
    Path cacheFolder;

    @Option(names = "--cache-dir-size", paramLabel = "BYTES", converter = ByteCount.class, defaultValue = "8G",
            description = "what that folder may hold; default ${DEFAULT-VALUE}")
    long cacheFolderBytes;

    @Option(names = "--timeout", paramLabel = "SECONDS", defaultValue = "3600", description = "how long an answer may take; default ${DEFAULT-VALUE}")
    int timeout;

    @Option(names = "--warm-up", paramLabel = "SECONDS", defaultValue = "10",
            description = "how long, at most, idle time is spent on compiling what answers need; default ${DEFAULT-VALUE}, 0 for not at all")
    int warmUp;

    @Option(names = "--chat-template", paramLabel = "FILE", description = "use this template (Jinja) instead of the model's own")
    Path templateFile;

    @Mixin
    StateOptions stateOptions;

    @Mixin
    BackendOptions backendOptions;

    @Override
    public Integer call() throws IOException, InterruptedException {
        LIBRARY.setLevel(Level.WARNING);
        PrintWriter err = spec.commandLine().getErr();
        if (arguments.isEmpty()) {
            err.println("heddle: this serves a small demonstration model; 'heddle serve owner/name' downloads and serves a real one");
            arguments.add("");
        }
        if (warmUp < 0) {
            throw new UsageException("--warm-up must be 0 or more");
        }
        ServerOptions options = options();
        Deque<AutoCloseable> open = new ArrayDeque<>();
        try {
            Backend backend = backendOptions.open(err);
            open.push(backend);
            List<ServedModel> models = new ArrayList<>();
            for (String argument : arguments) {
                models.add(model(argument, backend, open));
            }
            HeddleServer server = HeddleServer.start(options, models);
            open.push(server);
            announce(server, models, err);
            models.forEach(model -> WarmUp.start(model.scheduler(), Duration.ofSeconds(warmUp)));
            CountDownLatch stopped = new CountDownLatch(1);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                close(open);
                stopped.countDown();
            }, "heddle-shutdown"));
            stopped.await();
            return 0;
        } finally {
            close(open);
        }
    }

    private static synchronized void close(Deque<AutoCloseable> open) {
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (Exception e) {
                System.getLogger("dev.heddle").log(System.Logger.Level.WARNING, "heddle: closing failed", e);
            }
        }
    }

    private ServerOptions options() {
        String key = apiKey != null ? apiKey : System.getenv("HEDDLE_API_KEY");
        try {
            return ServerOptions.DEFAULT.withOrigins(origins).withAddress(host, port, Optional.ofNullable(key));
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    private ServedModel model(String argument, Backend backend, Deque<AutoCloseable> open) throws IOException {
        int equals = argument.indexOf('=');
        boolean named = equals > 0 && !Files.exists(Path.of(argument));
        String source = named ? argument.substring(equals + 1) : argument;
        Checkpoint checkpoint = Checkpoint.open(ModelArgument.folder(source));
        open.push(checkpoint);
        String template = templateFile != null ? Files.readString(templateFile) : ChatTemplate.sources(checkpoint.folder()).values().stream()
                .reduce("", String::concat);
        Optional<ChatTemplate> chat = templateFile != null ? Optional.of(ChatTemplate.of(template, Tokenizers.specialNames(checkpoint.folder())))
                : ChatTemplate.load(checkpoint.folder());
        ServedModel model = new ServedModel(named ? argument.substring(0, equals) : name(source),
                LanguageModel.load(checkpoint, backend, stateOptions.types()), Tokenizers.load(checkpoint.folder()), chat, template,
                GenerationDefaults.read(checkpoint.folder()), scheduling());
        open.push(model);
        return model;
    }

    /// A hub id as it is, else the name of the folder or file.
    private static String name(String source) {
        if (source.isEmpty()) {
            return ModelArgument.bundled().getFileName().toString();
        }
        return ModelArgument.isHubId(source) && !Files.exists(Path.of(source)) ? source
                : Path.of(source).toAbsolutePath().normalize().getFileName().toString();
    }

    private SchedulerOptions scheduling() {
        long share = memory / arguments.size();
        try {
            SchedulerOptions options = SchedulerOptions.DEFAULT.withParallel(parallel).withQueue(queue).withContext(context)
                    .withMemoryBytes(share).withCacheBytes(cache != null ? cache / arguments.size() : share / 4)
                    .withTimeouts(Duration.ofMinutes(5), Duration.ofSeconds(timeout));
            return cacheFolder == null ? options : options.withCacheFolder(cacheFolder, cacheFolderBytes / arguments.size());
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    private void announce(HeddleServer server, List<ServedModel> models, PrintWriter err) {
        for (ServedModel model : models) {
            int limit = model.scheduler().context();
            err.println("heddle: " + model.name() + ": " + model.architecture().title() + ", " + parallel + " answers at a time, "
                    + (limit == 0 ? "no limit of context" : "context " + Counts.context(limit)) + (model.template().isPresent() ? "" : ", no chat template"));
        }
        err.println("heddle: listening on " + server.url());
        err.flush();
    }
}
