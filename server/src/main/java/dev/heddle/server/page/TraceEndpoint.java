package dev.heddle.server.page;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.engine.trace.Trace;
import dev.heddle.server.api.Fields;
import dev.heddle.server.api.ModelChoice;
import dev.heddle.server.http.ApiException;
import dev.heddle.server.http.HttpServer;
import dev.heddle.server.http.Responses;
import dev.heddle.server.model.ServedModel;
import dev.heddle.server.model.ServedModels;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.concurrent.ExecutionException;

/// `POST /heddle/trace` `{"model", "text"}`: the tokens of a text, and what each layer that mixes positions did with them
/// ([Trace]). It runs between two steps of the scheduler.
public final class TraceEndpoint implements Handler {
    private static final MathContext DIGITS = new MathContext(4);

    private final HttpServer http;
    private final ServedModels models;

    public TraceEndpoint(HttpServer http, ServedModels models) {
        this.http = http;
        this.models = models;
    }

    @Override
    public void handle(ServerRequest request, ServerResponse response) {
        Fields fields = new Fields(http.bodies().read(request));
        ServedModel model = ModelChoice.of(models, fields.text("model"));
        int[] ids = model.tokenizer().encode(fields.requiredText("text"), true);
        if (ids.length == 0 || ids.length > Trace.MOST) {
            throw ApiException.tooLong("text", "a trace needs 1 to " + Trace.MOST + " tokens, not " + ids.length);
        }
        http.connections().current().answering();
        try {
            Responses.send(response, json(model, model.scheduler().between(language -> Trace.of(language, ids)).get()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ApiException.unavailable("the server is stopping");
        } catch (IllegalStateException e) {
            throw ApiException.unavailable("the server is stopping");
        } catch (ExecutionException e) {
            throw new IllegalStateException("the trace failed", e.getCause());
        }
    }

    private static ObjectNode json(ServedModel model, Trace trace) {
        ObjectNode body = Json.object().put("model", model.name()).put("prologue", trace.prologue());
        ArrayNode tokens = body.putArray("tokens");
        for (int id : trace.ids()) {
            tokens.addObject().put("id", id).put("text", model.tokenizer().decode(new int[] {id}, false));
        }
        ArrayNode layers = body.putArray("layers");
        for (Trace.Layer layer : trace.layers()) {
            ObjectNode node = layers.addObject().put("block", layer.block()).put("name", layer.name());
            switch (layer) {
                case Trace.Layer.Recurrent recurrent -> {
                    node.put("kind", "recurrent");
                    put(recurrent.keep(), node.putArray("keep"));
                    recurrent.write().ifPresentOrElse(write -> put(write, node.putArray("write")), () -> node.putNull("write"));
                }
                case Trace.Layer.Attending attending -> {
                    node.put("kind", "attention");
                    ArrayNode rows = node.putArray("weights");
                    for (float[] row : attending.weights()) {
                        put(row, rows.addArray());
                    }
                }
                case Trace.Layer.Other _ -> node.put("kind", "other");
            }
        }
        return body;
    }

    /// Four digits are more than a picture shows.
    private static void put(float[] values, ArrayNode into) {
        for (float value : values) {
            if (!Float.isFinite(value)) {
                into.addNull();
            } else {
                into.add(Math.abs(value) < 1e-6 ? BigDecimal.ZERO : new BigDecimal(value).round(DIGITS));
            }
        }
    }
}
