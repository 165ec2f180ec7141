package dev.heddle.langchain4j;

import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import java.util.List;
import java.util.Set;

/// Whole answers of a model in this process. Any number of threads may ask at a time: their answers are steps of one batch.
///
/// Tools are called the way the model's chat template teaches, JSON and its schemas are enforced while decoding. A request
/// that cannot be served is refused with LangChain4j's own exceptions: `UnsupportedFeatureException` for what a model in this
/// process cannot do, `InvalidRequestException` for impossible values and a prompt longer than the context,
/// `RateLimitException` when too many wait, `TimeoutException` when an answer takes longer than it may.
///
/// A model that the builder has loaded is closed with this; one that was given to it is not, and may serve others too.
public final class HeddleChatModel implements ChatModel, AutoCloseable {
    private final ChatSettings settings;

    private HeddleChatModel(ChatSettings settings) {
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
        public HeddleChatModel build() {
            return new HeddleChatModel(settings());
        }
    }

    @Override
    public ChatResponse doChat(ChatRequest request) {
        return ChatCall.of(settings, request).answer(_ -> {
        }).orElseThrow();
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
