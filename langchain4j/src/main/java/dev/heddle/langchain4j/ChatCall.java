package dev.heddle.langchain4j;

import dev.heddle.HeddleModel;
import dev.heddle.checkpoint.template.Message;
import dev.heddle.checkpoint.template.TemplateException;
import dev.heddle.engine.ChatPrompt;
import dev.heddle.engine.grammar.OutputGrammar.Part;
import dev.heddle.engine.grammar.SchemaException;
import dev.heddle.engine.serve.AnswerReader;
import dev.heddle.engine.serve.Finish;
import dev.heddle.engine.serve.Generation;
import dev.heddle.engine.serve.GenerationRequest;
import dev.heddle.engine.serve.Overloaded;
import dev.heddle.engine.serve.Usage;
import dev.heddle.engine.tool.Tool;
import dev.heddle.engine.tool.ToolCall;
import dev.heddle.engine.tool.ToolCallReader;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.exception.TimeoutException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// One request, from its messages to its response.
final class ChatCall {
    private final ChatSettings settings;
    private final ChatRequestParameters parameters;
    private final List<Message> messages;
    private final List<Tool> tools;
    private volatile Optional<Generation> current = Optional.empty();
    private volatile boolean cancelled;

    private ChatCall(ChatSettings settings, ChatRequestParameters parameters, List<Message> messages, List<Tool> tools) {
        this.settings = settings;
        this.parameters = parameters;
        this.messages = messages;
        this.tools = tools;
    }

    /// Understands a request and computes nothing yet.
    ///
    /// @throws UnsupportedFeatureException if it asks for what there is not
    static ChatCall of(ChatSettings settings, ChatRequest request) {
        ChatRequestParameters parameters = request.parameters();
        checkModelName(Optional.ofNullable(parameters.modelName()), settings.modelName());
        return new ChatCall(settings, parameters, ChatMessages.of(request.messages()), ChatTools.of(settings, parameters));
    }

    /// @throws UnsupportedFeatureException if another model is asked for than there is
    static void checkModelName(Optional<String> asked, String name) {
        if (asked.isPresent() && !asked.get().equals(name)) {
            throw new UnsupportedFeatureException("modelName '" + asked.get() + "' is not supported: this chat model is " + name);
        }
    }

    /// Ends the answer where it stands.
    void cancel() {
        cancelled = true;
        current.ifPresent(Generation::cancel);
    }

    boolean isCancelled() {
        return cancelled;
    }

    /// The answer; none if it was cancelled.
    ///
    /// @param output receives its text piece by piece, as it becomes certain
    Optional<ChatResponse> answer(Consumer<String> output) {
        try (Generation generation = submit()) {
            current = Optional.of(generation);
            if (cancelled) {
                generation.cancel();
            }
            return read(generation, output);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while the model answered");
        } finally {
            current = Optional.empty();
        }
    }

    private Generation submit() {
        HeddleModel model = settings.model();
        try {
            int[] prompt = ChatPrompt.of(model.template(), model.tokenizer(), messages, tools.stream().map(Tool::description).toList(),
                    settings.variables());
            GenerationRequest request = GenerationRequest.of(prompt)
                    .withSampling(settings.sampling(parameters), settings.seed().orElseGet(ThreadLocalRandom.current()::nextLong))
                    .withMaxTokens(Optional.ofNullable(parameters.maxOutputTokens()).orElse(model.defaults().maxTokens()))
                    .withStopIds(model.tokenizer().special().eos());
            Optional<Part> form = ChatTools.form(settings, parameters, tools);
            if (form.isPresent()) {
                request = request.withConstraint(model.grammar(form.get()).constraint());
            }
            if (settings.timeout().isPresent()) {
                request = request.withTimeout(settings.timeout().get());
            }
            return model.scheduler().submit(request);
        } catch (TemplateException e) {
            throw new InvalidRequestException("the model's chat template refuses the conversation: " + e.getMessage(), e);
        } catch (SchemaException e) {
            throw new UnsupportedFeatureException("the JSON schema is not supported: " + e.getMessage());
        } catch (Overloaded e) {
            throw new RateLimitException(e.getMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new InvalidRequestException(e.getMessage(), e);
        }
    }

    private Optional<ChatResponse> read(Generation generation, Consumer<String> output) throws InterruptedException {
        StringBuilder text = new StringBuilder();
        Consumer<String> emit = piece -> {
            if (!piece.isEmpty() && !cancelled) {
                text.append(piece);
                output.accept(piece);
            }
        };
        AnswerReader reader = reader(generation);
        ToolCallReader calls = new ToolCallReader(settings.model().toolFormat());
        for (Optional<AnswerReader.Piece> piece = reader.next(); piece.isPresent(); piece = reader.next()) {
            emit.accept(tools.isEmpty() ? piece.get().text() : calls.feed(piece.get().text()));
        }
        Optional<FinishReason> finish = finish(reader);
        ToolCallReader.Rest rest = calls.finish();
        emit.accept(rest.text());
        if (cancelled || finish.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(response(reader.usage(), text.toString(), rest.calls(), finish.get()));
    }

    private AnswerReader reader(Generation generation) {
        HeddleModel model = settings.model();
        Set<Integer> shown = new HashSet<>();
        if (!tools.isEmpty()) {
            model.tokenizer().id(model.toolFormat().open()).ifPresent(shown::add);
            model.tokenizer().id(model.toolFormat().close()).ifPresent(shown::add);
        }
        List<String> stop = Stream.concat(parameters.stopSequences().stream(), model.defaults().stop().stream()).distinct().toList();
        return new AnswerReader(generation, model.tokenizer(), stop, model.tokenizer().special().eos(), shown);
    }

    /// Why the answer has ended; nothing if it was cancelled.
    private Optional<FinishReason> finish(AnswerReader reader) throws InterruptedException {
        Finish finish = reader.finish();
        return switch (finish) {
            case STOP -> Optional.of(FinishReason.STOP);
            case LENGTH, CONTEXT -> Optional.of(FinishReason.LENGTH);
            case TIMEOUT -> throw new TimeoutException("the answer took longer than it may");
            case CANCELLED -> {
                if (!cancelled) {
                    throw new IllegalStateException("the model is being closed");
                }
                yield Optional.empty();
            }
            case FAILED -> throw new InternalServerException("the answer failed: "
                    + reader.failure().map(Throwable::getMessage).orElse(""), reader.failure().orElse(null));
        };
    }

    private ChatResponse response(Usage usage, String text, List<ToolCall> calls, FinishReason finish) {
        AiMessage.Builder message = AiMessage.builder();
        if (!text.isEmpty() || calls.isEmpty()) {
            message.text(text);
        }
        return ChatResponse.builder().aiMessage(message.toolExecutionRequests(ChatTools.requests(calls)).build())
                .id("chat_" + UUID.randomUUID()).modelName(settings.modelName())
                .tokenUsage(new TokenUsage(usage.prompt(), usage.generated()))
                .finishReason(calls.isEmpty() ? finish : FinishReason.TOOL_EXECUTION).build();
    }
}
