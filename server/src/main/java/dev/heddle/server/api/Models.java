package dev.heddle.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.server.http.Responses;
import dev.heddle.server.model.ServedModel;
import dev.heddle.server.model.ServedModels;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import java.util.Optional;

/// `GET /v1/models` and `GET /v1/models/{name}`.
public final class Models implements HttpService {
    private final ServedModels models;

    public Models(ServedModels models) {
        this.models = models;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/", (_, response) -> {
            ObjectNode body = Json.object().put("object", "list");
            ArrayNode data = body.putArray("data");
            models.all().forEach(model -> data.add(describe(model)));
            Responses.send(response, body);
        });
        // names may hold slashes
        rules.get("/*", (request, response) -> {
            String path = request.path().path();
            Responses.send(response, describe(ModelChoice.of(models, Optional.of(path.substring(1)))));
        });
    }

    private static ObjectNode describe(ServedModel model) {
        return Json.object().put("id", model.name()).put("object", "model").put("created", model.created()).put("owned_by", "heddle");
    }
}
