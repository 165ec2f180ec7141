package dev.heddle.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.internal.InternalStreamingChatResponseHandlerUtils;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Answers of a model in this process, piece by piece: never half a character, and nothing that may yet turn out to be a stop
/// text or a call of a tool. Calls come whole. The handler is called on one thread of its own for each answer.
///
/// A feature that is not supported is refused at once; every other error goes to the handler. Otherwise as [HeddleChatModel].
public final class HeddleStreamingChatModel implements StreamingChatModel, AutoCloseable {
    private final ChatSettings settings;

    private HeddleStreamingChatModel(ChatSettings settings) {
        this.settings = settings;
    }

    public static Builder builder() {
        return new Builder();
    }

    /// What to ask, and how.
    public static final class Builder extends HeddleChatModelBuilder<Builder> {
        private Builder() {
        }

        @Override
        Builder self() {
            return this;
        }

        /// @throws dev.heddle.checkpoint.CheckpointException if the model cannot be loaded
        /// @throws dev.langchain4j.exception.UnsupportedFeatureException if the model cannot do what it should by default
        /// @throws IllegalArgumentException if a parameter is impossible
        public HeddleStreamingChatModel build() {
            return new HeddleStreamingChatModel(settings());
        }
    }

    /// Ends an answer under way.
    private record Handle(ChatCall call) implements StreamingHandle {
        @Override
        public void cancel() {
            call.cancel();
        }

        @Override
        public boolean isCancelled() {
            return call.isCancelled();
        }
    }

    @Override
    public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        ChatCall call = ChatCall.of(settings, request);
        Thread.ofVirtual().name("heddle-answer").start(() -> answer(call, handler));
    }

    private static void answer(ChatCall call, StreamingChatResponseHandler handler) {
        Handle handle = new Handle(call);
        Optional<ChatResponse> answer;
        try {
            answer = call.answer(text -> InternalStreamingChatResponseHandlerUtils.onPartialResponse(handler, text, handle));
        } catch (RuntimeException | Error e) {
            InternalStreamingChatResponseHandlerUtils.withLoggingExceptions(() -> handler.onError(e));
            return;
        }
        answer.ifPresent(response -> {
            List<ToolExecutionRequest> calls = response.aiMessage().toolExecutionRequests();
            for (int i = 0; i < calls.size(); i++) {
                InternalStreamingChatResponseHandlerUtils.onCompleteToolCall(handler, new CompleteToolCall(i, calls.get(i)));
            }
            InternalStreamingChatResponseHandlerUtils.onCompleteResponse(handler, response);
        });
    }

    @Override
    public ChatRequestParameters defaultRequestParameters() {
        return settings.parameters();
    }

    @Override
    public List<ChatModelListener> listeners() {
        return settings.listeners();
    }

    @Override
    public Set<Capability> supportedCapabilities() {
        return ChatSettings.CAPABILITIES;
    }

    @Override
    public void close() {
        settings.close();
    }
}
