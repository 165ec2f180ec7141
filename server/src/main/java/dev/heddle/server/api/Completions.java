package dev.heddle.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.engine.serve.AnswerReader;
import dev.heddle.engine.serve.GeneratedToken;
import dev.heddle.engine.serve.GenerationRequest;
import dev.heddle.server.http.ApiException;
import dev.heddle.server.http.Connections;
import dev.heddle.server.http.HttpServer;
import dev.heddle.server.http.Responses;
import dev.heddle.server.model.ServedModel;
import dev.heddle.server.model.ServedModels;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// `POST /v1/completions`: goes on with a text, or with token ids.
public final class Completions implements Handler {
    private static final int MAX_ALTERNATIVES = 5;
    private static final int MAX_IDS = 1 << 22;

    private final HttpServer http;
    private final ServedModels models;
    private final int maxTokensUnasked;

    /// @param maxTokensUnasked the length of an answer if neither request nor model limit it; −1 for none
    public Completions(HttpServer http, ServedModels models, int maxTokensUnasked) {
        this.http = http;
        this.models = models;
        this.maxTokensUnasked = maxTokensUnasked;
    }

    /// @param echo the text to put before each answer
    private record Asked(ServedModel model, Settings settings, int[] prompt, String echo) {
    }

    @Override
    public void handle(ServerRequest request, ServerResponse response) {
        Fields fields = new Fields(http.bodies().read(request));
        ServedModel model = ModelChoice.of(models, fields.text("model"));
        fields.refuse("suffix", "answers go on at the end");
        Optional<Long> logprobs = fields.whole("logprobs", 0, MAX_ALTERNATIVES);
        Settings settings = Settings.of(fields, model, logprobs.map(Long::intValue).orElse(-1), maxTokensUnasked);
        if (fields.whole("best_of", 1, Integer.MAX_VALUE).orElse((long) settings.choices()) != settings.choices()) {
            throw ApiException.invalid("best_of", "best_of other than n is not supported");
        }
        boolean echo = fields.flag("echo");
        if (echo && logprobs.isPresent()) {
            throw ApiException.invalid("echo", "echo together with logprobs is not supported");
        }
        int[] prompt = prompt(fields, model);
        Asked asked = new Asked(model, settings, prompt, echo ? model.tokenizer().decode(prompt) : "");
        List<GenerationRequest> requests = new ArrayList<>();
        for (int i = 0; i < settings.choices(); i++) {
            requests.add(settings.request(prompt, i, model, request.remotePeer().host()));
        }
        Connections.Connection connection = http.connections().current();
        Answering.answer(model, requests, connection, response, "prompt", generations -> {
            List<AnswerReader> answers = generations.stream().map(generation -> new AnswerReader(generation, model.tokenizer(),
                    settings.stop(), settings.ignoreEnd() ? Set.of() : model.ends(), Set.of())).toList();
            if (settings.stream()) {
                stream(asked, answers, new EventStream(response, connection));
            } else {
                Responses.send(response, whole(asked, answers));
            }
        });
    }

    private static int[] prompt(Fields fields, ServedModel model) {
        Optional<JsonNode> prompt = fields.any("prompt");
        if (prompt.isEmpty()) {
            throw ApiException.invalid("prompt", "prompt is missing");
        }
        JsonNode value = prompt.get();
        if (value.isArray() && value.size() == 1 && !value.get(0).isNumber()) {
            value = value.get(0);
        }
        int[] ids;
        if (value.isTextual()) {
            ids = model.tokenizer().encode(value.textValue(), true);
        } else if (value.isArray() && value.size() <= MAX_IDS) {
            ids = new int[value.size()];
            for (int i = 0; i < ids.length; i++) {
                JsonNode id = value.get(i);
                if (!id.isInt()) {
                    throw ApiException.invalid("prompt", "prompt must be one text or one list of token ids; send several prompts one by one");
                }
                ids[i] = id.intValue();
            }
        } else {
            throw ApiException.invalid("prompt", "prompt must be a text or a list of token ids, not " + Json.kind(value));
        }
        if (ids.length == 0) {
            throw ApiException.invalid("prompt", "the prompt is empty and the model has no token that begins a text");
        }
        return ids;
    }

    private static ObjectNode head(Asked asked, String id) {
        return Json.object().put("id", id).put("object", "text_completion").put("created", Instant.now().getEpochSecond())
                .put("model", asked.model().name());
    }

    private static ObjectNode whole(Asked asked, List<AnswerReader> answers) throws InterruptedException {
        ObjectNode body = head(asked, Ids.next("cmpl-"));
        ArrayNode choices = body.putArray("choices");
        for (AnswerReader answer : answers) {
            AnswerReader.Piece all = answer.rest();
            choice(asked, choices, choices.size(), asked.echo() + all.text(), all.tokens(), 0, Optional.of(FinishReasons.of(answer)));
        }
        body.set("usage", Usages.of(answers));
        return body;
    }

    private static void choice(Asked asked, ArrayNode choices, int index, String text, List<GeneratedToken> tokens, int offset,
            Optional<String> finish) {
        ObjectNode choice = choices.addObject().put("text", text).put("index", index);
        choice.set("logprobs", asked.settings().logprobs() < 0 ? null
                : TokenProbabilities.completion(tokens, asked.model().tokenizer(), offset));
        choice.put("finish_reason", finish.orElse(null));
    }

    private static void stream(Asked asked, List<AnswerReader> answers, EventStream events) throws InterruptedException {
        String id = Ids.next("cmpl-");
        Choices.together(answers.size(), events, i -> {
            AnswerReader answer = answers.get(i);
            if (!asked.echo().isEmpty()) {
                send(asked, events, id, i, asked.echo(), List.of(), 0, Optional.empty());
            }
            int offset = 0;
            for (Optional<AnswerReader.Piece> next = answer.next(); next.isPresent(); next = answer.next()) {
                AnswerReader.Piece piece = next.get();
                if (!piece.text().isEmpty() || asked.settings().logprobs() >= 0 && !piece.tokens().isEmpty()) {
                    send(asked, events, id, i, piece.text(), piece.tokens(), offset, Optional.empty());
                }
                offset += piece.tokens().stream().mapToInt(token -> asked.model().tokenizer().decode(new int[] {token.id()}, false).length()).sum();
            }
            send(asked, events, id, i, "", List.of(), offset, Optional.of(FinishReasons.of(answer)));
        });
        if (asked.settings().streamUsage()) {
            ObjectNode last = head(asked, id);
            last.putArray("choices");
            last.set("usage", Usages.of(answers));
            events.send(last);
        }
        events.done();
    }

    private static void send(Asked asked, EventStream events, String id, int index, String text, List<GeneratedToken> tokens, int offset,
            Optional<String> finish) {
        ObjectNode chunk = head(asked, id);
        choice(asked, chunk.putArray("choices"), index, text, tokens, offset, finish);
        if (asked.settings().streamUsage()) {
            chunk.putNull("usage");
        }
        events.send(chunk);
    }
}
