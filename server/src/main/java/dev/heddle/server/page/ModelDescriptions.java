package dev.heddle.server.page;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.spec.ArchitectureJson;
import dev.heddle.core.model.analysis.Architecture;
import dev.heddle.engine.sampling.SamplingOptions;
import dev.heddle.server.http.Responses;
import dev.heddle.server.model.ServedModel;
import dev.heddle.server.model.ServedModels;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;

/// `GET /heddle/models`: each model's architecture as `heddle inspect --json` has it, what a sequence of it costs beside a
/// transformer of the same shape, and what the server does with it.
public final class ModelDescriptions implements Handler {
    private final ServedModels models;

    public ModelDescriptions(ServedModels models) {
        this.models = models;
    }

    @Override
    public void handle(ServerRequest request, ServerResponse response) {
        ObjectNode body = Json.object();
        ArrayNode list = body.putArray("models");
        models.all().forEach(model -> list.add(describe(model)));
        Responses.send(response, body);
    }

    private static ObjectNode describe(ServedModel model) {
        Architecture architecture = model.architecture();
        ObjectNode node = Json.object().put("id", model.name()).put("context", model.scheduler().context())
                .put("chat_template", model.template().isPresent())
                .put("tools", model.template().filter(template -> template.uses("tools")).isPresent())
                .put("backend", model.language().backend().description());
        SamplingOptions sampling = model.defaults().sampling();
        ObjectNode defaults = node.putObject("defaults").put("temperature", sampling.temperature()).put("top_k", sampling.topK())
                .put("top_p", sampling.topP()).put("min_p", sampling.minP()).put("repetition_penalty", sampling.repeatPenalty())
                .put("presence_penalty", sampling.presencePenalty()).put("frequency_penalty", sampling.frequencyPenalty());
        model.defaults().maxTokens().ifPresentOrElse(most -> defaults.put("max_tokens", most), () -> defaults.putNull("max_tokens"));
        node.putObject("sequence").put("state_bytes", architecture.stateBytes())
                .put("kv_bytes_per_token", architecture.keyValueBytesPerToken())
                .put("kv_bytes_per_token_beyond_windows", architecture.keyValueBytesPerTokenBeyondWindows())
                .put("transformer_kv_bytes_per_token", architecture.transformerKeyValueBytesPerToken());
        ObjectNode description = ArchitectureJson.of(architecture);
        description.remove("spec");
        node.set("architecture", description);
        return node;
    }
}
