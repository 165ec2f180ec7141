package dev.heddle.server;

import dev.heddle.checkpoint.json.Json;
import dev.heddle.server.api.ChatCompletions;
import dev.heddle.server.api.Completions;
import dev.heddle.server.api.Models;
import dev.heddle.server.api.Tokenization;
import dev.heddle.server.http.ApiException;
import dev.heddle.server.http.HttpServer;
import dev.heddle.server.http.Responses;
import dev.heddle.server.http.ServerOptions;
import dev.heddle.server.model.ServedModel;
import dev.heddle.server.model.ServedModels;
import dev.heddle.server.page.LiveStats;
import dev.heddle.server.page.ModelDescriptions;
import dev.heddle.server.page.TraceEndpoint;
import java.time.Duration;
import java.util.List;

/// Serves models over HTTP: the OpenAI API, a page to talk and look inside, and what operators need.
///
/// ```java
/// try (HeddleServer server = HeddleServer.start(ServerOptions.DEFAULT, List.of(model))) {
///     System.out.println(server.url());
///     …
/// }
/// ```
public final class HeddleServer implements AutoCloseable {
    /// The length of an answer if neither request nor model limit it.
    public static final int MAX_TOKENS_UNASKED = 4096;
    private static final Duration CLOSING = Duration.ofSeconds(2);

    private final ServerOptions options;
    private final HttpServer http;
    private final ServedModels models;
    private volatile boolean stopping;

    private HeddleServer(ServerOptions options, ServedModels models) {
        this.options = options;
        this.models = models;
        http = new HttpServer(options);
    }

    /// Begins to listen. The models stay the caller's and are closed by it, after the server.
    ///
    /// @throws java.io.UncheckedIOException if the address cannot be listened on
    public static HeddleServer start(ServerOptions options, List<ServedModel> models) {
        HeddleServer server = new HeddleServer(options, new ServedModels(models));
        server.listen();
        return server;
    }

    private void listen() {
        Tokenization tokenization = new Tokenization(http, models);
        MetricsText metrics = new MetricsText(http.gate(), models);
        http.start(routes -> routes
                .register("/v1/models", new Models(models))
                .post("/v1/chat/completions", new ChatCompletions(http, models, MAX_TOKENS_UNASKED))
                .post("/v1/completions", new Completions(http, models, MAX_TOKENS_UNASKED))
                .post("/tokenize", tokenization::tokenize)
                .post("/detokenize", tokenization::detokenize)
                .get("/health", (_, response) -> {
                    if (stopping) {
                        throw ApiException.unavailable("the server is stopping");
                    }
                    Responses.send(response, Json.object().put("status", "ok"));
                })
                .get("/metrics", metrics)
                .get("/heddle/models", new ModelDescriptions(models))
                .get("/heddle/stats", new LiveStats(http.gate(), models))
                .post("/heddle/trace", new TraceEndpoint(http, models)));
    }

    public int port() {
        return http.port();
    }

    /// Where it is reached.
    public String url() {
        String host = options.host().contains(":") ? "[" + options.host() + "]" : options.host();
        return "http://" + host + ":" + port();
    }

    /// Takes no more generations, lets those that run finish within [ServerOptions#drainTimeout], and stops.
    @Override
    public void close() {
        stopping = true;
        try {
            long end = System.nanoTime() + options.drainTimeout().toNanos();
            for (ServedModel model : models.all()) {
                model.scheduler().drain(Duration.ofNanos(Math.max(1, end - System.nanoTime())));
            }
            // what has been generated still has to be written
            long written = System.nanoTime() + CLOSING.toNanos();
            while (http.gate().active() > 0 && System.nanoTime() < written) {
                Thread.sleep(10);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        http.close();
    }
}
