package dev.heddle.langchain4j;

import dev.heddle.HeddleModel;
import dev.heddle.engine.sampling.SamplingOptions;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// What a chat model was built with.
///
/// @param owned      whether the model is closed with it
/// @param parameters what requests leave open
/// @param sampling   what these leave open
/// @param seed       of every answer; without one each has its own
/// @param variables  further ones for the chat template
record ChatSettings(HeddleModel model, boolean owned, String modelName, ChatRequestParameters parameters, SamplingOptions sampling,
        OptionalLong seed, Optional<Duration> timeout, Map<String, Object> variables, List<ChatModelListener> listeners) {
    static final Set<Capability> CAPABILITIES = Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA);

    ChatSettings {
        variables = Map.copyOf(variables);
        listeners = List.copyOf(listeners);
    }

    /// How to choose tokens for a request.
    ///
    /// @throws IllegalArgumentException if a value is impossible
    SamplingOptions sampling(ChatRequestParameters asked) {
        return new SamplingOptions(Optional.ofNullable(asked.temperature()).orElse(sampling.temperature()),
                Optional.ofNullable(asked.topK()).orElse(sampling.topK()), Optional.ofNullable(asked.topP()).orElse(sampling.topP()),
                sampling.minP(), sampling.repeatPenalty(),
                Optional.ofNullable(asked.presencePenalty()).orElse(sampling.presencePenalty()),
                Optional.ofNullable(asked.frequencyPenalty()).orElse(sampling.frequencyPenalty()), sampling.repeatLastN());
    }

    void close() {
        if (owned) {
            model.close();
        }
    }
}
