package dev.heddle.server.page;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.server.http.Gate;
import dev.heddle.server.http.Responses;
import dev.heddle.server.model.ServedModels;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;

/// `GET /heddle/stats`: the counters of each model's scheduler ([dev.heddle.engine.serve.SchedulerCounters]) by name, with a
/// clock to take rates by.
public final class LiveStats implements Handler {
    private static final ObjectMapper SNAKE = JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

    private final Gate gate;
    private final ServedModels models;
    private final long started = System.nanoTime();

    public LiveStats(Gate gate, ServedModels models) {
        this.gate = gate;
        this.models = models;
    }

    @Override
    public void handle(ServerRequest request, ServerResponse response) {
        Runtime runtime = Runtime.getRuntime();
        ObjectNode body = Json.object().put("uptime_seconds", (System.nanoTime() - started) * 1e-9).put("requests_active", gate.active())
                .put("heap_used_bytes", runtime.totalMemory() - runtime.freeMemory());
        ObjectNode each = body.putObject("models");
        models.all().forEach(model -> each.set(model.name(), SNAKE.valueToTree(model.scheduler().counters())));
        Responses.send(response, body);
    }
}
