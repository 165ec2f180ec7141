package dev.heddle.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.engine.ReasoningReader;
import dev.heddle.engine.serve.AnswerReader;
import dev.heddle.engine.serve.Generation;
import dev.heddle.engine.serve.GenerationRequest;
import dev.heddle.engine.tool.ToolCall;
import dev.heddle.engine.tool.ToolCallReader;
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
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// `POST /v1/chat/completions`.
public final class ChatCompletions implements Handler {
    private final HttpServer http;
    private final ServedModels models;
    private final int maxTokensUnasked;

    /// @param maxTokensUnasked the length of an answer if neither request nor model limit it; −1 for none
    public ChatCompletions(HttpServer http, ServedModels models, int maxTokensUnasked) {
        this.http = http;
        this.models = models;
        this.maxTokensUnasked = maxTokensUnasked;
    }

    @Override
    public void handle(ServerRequest request, ServerResponse response) {
        Fields fields = new Fields(http.bodies().read(request));
        ServedModel model = ModelChoice.of(models, fields.text("model"));
        ChatRequest chat = ChatRequest.of(fields, model, maxTokensUnasked);
        List<GenerationRequest> requests = new ArrayList<>();
        for (int i = 0; i < chat.settings().choices(); i++) {
            GenerationRequest one = chat.settings().request(chat.prompt(), i, model, request.remotePeer().host());
            requests.add(chat.grammar().map(grammar -> one.withConstraint(grammar.constraint())).orElse(one));
        }
        Connections.Connection connection = http.connections().current();
        Answering.answer(model, requests, connection, response, "messages", generations -> {
            List<Answer> answers = generations.stream().map(generation -> new Answer(chat, generation)).toList();
            if (chat.settings().stream()) {
                stream(chat, answers, new EventStream(response, connection));
            } else {
                Responses.send(response, whole(chat, answers));
            }
        });
    }

    /// One of the answers of a request.
    private static final class Answer {
        private final AnswerReader reader;
        private final Optional<ReasoningReader> reasoning;
        private final Optional<ToolCallReader> calls;

        Answer(ChatRequest chat, Generation generation) {
            ServedModel model = chat.model();
            OptionalInt mark = chat.tools().isEmpty() ? OptionalInt.empty() : model.tokenizer().id(model.toolFormat().open());
            OptionalInt end = chat.tools().isEmpty() ? OptionalInt.empty() : model.tokenizer().id(model.toolFormat().close());
            Set<Integer> shown = new HashSet<>();
            mark.ifPresent(shown::add);
            end.ifPresent(shown::add);
            reasoning = chat.reasoning() ? Optional.of(new ReasoningReader(ReasoningReader.isOpenedBy(model.tokenizer(), chat.prompt())))
                    : Optional.empty();
            reasoning.ifPresent(_ -> shown.addAll(ReasoningReader.marks(model.tokenizer())));
            reader = new AnswerReader(generation, model.tokenizer(), chat.settings().stop(),
                    chat.settings().ignoreEnd() ? Set.of() : model.ends(), shown);
            calls = chat.tools().isEmpty() ? Optional.empty() : Optional.of(new ToolCallReader(model.toolFormat()));
        }

        /// What is thought and what is said in a piece, calls held back.
        ReasoningReader.Split feed(String piece) {
            return said(reasoning.map(reader -> reader.feed(piece)).orElseGet(() -> new ReasoningReader.Split("", piece)));
        }

        /// What has been held back as the beginning of a mark.
        ReasoningReader.Split finish() {
            return said(reasoning.map(ReasoningReader::finish).orElseGet(() -> new ReasoningReader.Split("", "")));
        }

        private ReasoningReader.Split said(ReasoningReader.Split split) {
            return calls.map(reader -> new ReasoningReader.Split(split.reasoning(), reader.feed(split.answer()))).orElse(split);
        }
    }

    private static ObjectNode head(ChatRequest chat, String id, String object) {
        return Json.object().put("id", id).put("object", object).put("created", Instant.now().getEpochSecond())
                .put("model", chat.model().name());
    }

    private static ObjectNode whole(ChatRequest chat, List<Answer> answers) throws InterruptedException {
        ObjectNode body = head(chat, Ids.next("chatcmpl-"), "chat.completion");
        ArrayNode choices = body.putArray("choices");
        for (Answer answer : answers) {
            AnswerReader.Piece all = answer.reader.rest();
            String finish = FinishReasons.of(answer.reader);
            ReasoningReader.Split split = answer.feed(all.text());
            ReasoningReader.Split end = answer.finish();
            String text = split.answer() + end.answer();
            List<ToolCall> calls = List.of();
            if (answer.calls.isPresent()) {
                ToolCallReader.Rest rest = answer.calls.get().finish();
                text += rest.text();
                calls = rest.calls();
            }
            ObjectNode choice = choices.addObject().put("index", choices.size() - 1);
            ObjectNode message = choice.putObject("message").put("role", "assistant");
            message.put("content", calls.isEmpty() || !text.isBlank() ? text : null).putNull("refusal");
            String reasoning = split.reasoning() + end.reasoning();
            if (!reasoning.isEmpty()) {
                message.put("reasoning_content", reasoning);
            }
            if (!calls.isEmpty()) {
                put(calls, message.putArray("tool_calls"), false);
            }
            choice.set("logprobs", chat.settings().logprobs() < 0 ? null : TokenProbabilities.chat(all.tokens(), chat.model().tokenizer()));
            choice.put("finish_reason", calls.isEmpty() ? finish : "tool_calls");
        }
        body.set("usage", Usages.of(answers.stream().map(answer -> answer.reader).toList()));
        return body;
    }

    private static void put(List<ToolCall> calls, ArrayNode into, boolean indexed) {
        for (ToolCall call : calls) {
            ObjectNode entry = into.addObject();
            if (indexed) {
                entry.put("index", into.size() - 1);
            }
            entry.put("id", Ids.next("call_")).put("type", "function").putObject("function").put("name", call.name())
                    .put("arguments", call.arguments().toString());
        }
    }

    private static void stream(ChatRequest chat, List<Answer> answers, EventStream events) throws InterruptedException {
        String id = Ids.next("chatcmpl-");
        Choices.together(answers.size(), events, i -> {
            new Chunks(chat, answers.get(i), id, i, events).write();
        });
        if (chat.settings().streamUsage()) {
            ObjectNode last = head(chat, id, "chat.completion.chunk");
            last.putArray("choices");
            last.set("usage", Usages.of(answers.stream().map(answer -> answer.reader).toList()));
            events.send(last);
        }
        events.done();
    }

    /// One answer as a stream of chunks.
    private record Chunks(ChatRequest chat, Answer answer, String id, int index, EventStream events) {
        private void write() throws InterruptedException {
            ObjectNode first = delta();
            first.put("role", "assistant").put("content", "");
            send(first, Optional.empty(), Optional.empty());
            for (Optional<AnswerReader.Piece> next = answer.reader.next(); next.isPresent(); next = answer.reader.next()) {
                AnswerReader.Piece piece = next.get();
                write(answer.feed(piece.text()), chat.settings().logprobs() >= 0 && !piece.tokens().isEmpty() ? Optional.of(piece)
                        : Optional.empty());
            }
            write(answer.finish(), Optional.empty());
            String finish = FinishReasons.of(answer.reader);
            if (answer.calls.isPresent()) {
                ToolCallReader.Rest rest = answer.calls.get().finish();
                if (!rest.text().isEmpty()) {
                    send(delta().put("content", rest.text()), Optional.empty(), Optional.empty());
                }
                if (!rest.calls().isEmpty()) {
                    ObjectNode delta = delta();
                    put(rest.calls(), delta.putArray("tool_calls"), true);
                    send(delta, Optional.empty(), Optional.empty());
                    finish = "tool_calls";
                }
            }
            send(delta(), Optional.empty(), Optional.of(finish));
        }

        private void write(ReasoningReader.Split split, Optional<AnswerReader.Piece> probabilities) {
            if (!split.reasoning().isEmpty()) {
                send(delta().put("reasoning_content", split.reasoning()), Optional.empty(), Optional.empty());
            }
            if (!split.answer().isEmpty() || probabilities.isPresent()) {
                send(delta().put("content", split.answer()), probabilities, Optional.empty());
            }
        }

        private static ObjectNode delta() {
            return Json.object();
        }

        private void send(ObjectNode delta, Optional<AnswerReader.Piece> probabilities, Optional<String> finish) {
            ObjectNode chunk = head(chat, id, "chat.completion.chunk");
            ObjectNode choice = chunk.putArray("choices").addObject().put("index", index);
            choice.set("delta", delta);
            choice.set("logprobs", probabilities.map(piece -> TokenProbabilities.chat(piece.tokens(), chat.model().tokenizer())).orElse(null));
            choice.put("finish_reason", finish.orElse(null));
            if (chat.settings().streamUsage()) {
                chunk.putNull("usage");
            }
            events.send(chunk);
        }
    }
}
