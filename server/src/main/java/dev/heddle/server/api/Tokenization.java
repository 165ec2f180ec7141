package dev.heddle.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.server.http.ApiException;
import dev.heddle.server.http.HttpServer;
import dev.heddle.server.http.Responses;
import dev.heddle.server.model.ServedModel;
import dev.heddle.server.model.ServedModels;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.List;

/// `POST /tokenize` (`{"content", "add_special", "with_pieces"}` → `{"tokens"}`) and `POST /detokenize` (`{"tokens"}` →
/// `{"content"}`), as llama.cpp's server has them.
public final class Tokenization {
    private static final int MAX_IDS = 1 << 22;

    private final HttpServer http;
    private final ServedModels models;

    public Tokenization(HttpServer http, ServedModels models) {
        this.http = http;
        this.models = models;
    }

    public void tokenize(ServerRequest request, ServerResponse response) {
        Fields fields = new Fields(http.bodies().read(request));
        ServedModel model = ModelChoice.of(models, fields.text("model"));
        int[] ids = model.tokenizer().encode(fields.requiredText("content"), fields.flag("add_special"));
        boolean pieces = fields.flag("with_pieces");
        ObjectNode body = Json.object();
        ArrayNode tokens = body.putArray("tokens");
        for (int id : ids) {
            if (pieces) {
                tokens.addObject().put("id", id).put("piece", model.tokenizer().decode(new int[] {id}, false));
            } else {
                tokens.add(id);
            }
        }
        Responses.send(response, body);
    }

    public void detokenize(ServerRequest request, ServerResponse response) {
        Fields fields = new Fields(http.bodies().read(request));
        ServedModel model = ModelChoice.of(models, fields.text("model"));
        List<JsonNode> tokens = fields.list("tokens", MAX_IDS);
        int[] ids = new int[tokens.size()];
        for (int i = 0; i < ids.length; i++) {
            if (!tokens.get(i).isInt() || tokens.get(i).intValue() < 0 || tokens.get(i).intValue() >= model.tokenizer().size()) {
                throw ApiException.invalid("tokens", "tokens[" + i + "] must be a token id below " + model.tokenizer().size());
            }
            ids[i] = tokens.get(i).intValue();
        }
        Responses.send(response, Json.object().put("content", model.tokenizer().decode(ids, !fields.flag("with_special"))));
    }
}
